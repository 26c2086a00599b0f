/** Why a text is not the one YAML document, without tags and directives, that it should be; and where. */
export interface Refusal {
  readonly offset: number
  readonly message: string
}
