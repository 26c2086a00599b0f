/** Where a broker is, and what its URL says of who connects. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly vhost: string
  readonly username?: string
  readonly password?: string
}

const shape = 'expected amqp[s]://USER@HOST[:PORT][/VHOST]'

/**
 * Reads an AMQP URL (the form is RabbitMQ's "URI specification"). What is percent-encoded is UTF-8; a vhost that holds
 * a slash writes it %2F; without a vhost it is `/`. A problem never quotes the URL: it may hold a password.
 */
export function parseAmqpUrl(url: string): Address | { readonly problem: string } {
  const parsed = URL.parse(url)
  if (!parsed) return { problem: `${shape}, ${whyNoUrl(url)}` }
  const { protocol, port, pathname, search, hash } = parsed
  if (protocol !== 'amqp:' && protocol !== 'amqps:') return { problem: `${shape}, got another kind of URL` }
  if (search !== '' || hash !== '')
    return { problem: `${shape}, got options after it; what can be set has keys of its own beside the URL` }
  if (port === '0') return { problem: `${shape}, got port 0` }
  const path = pathname.replace(/^\//, '')
  if (path.includes('/')) return { problem: `${shape}; a slash within the vhost is written %2F` }
  const [host, vhost, username, password] = [parsed.hostname, path, parsed.username, parsed.password].map(
    decode,
  )
  if (host === undefined || vhost === undefined || username === undefined || password === undefined)
    return { problem: `${shape}; a percent sign is written %25, and what is encoded is UTF-8` }
  const tls = protocol === 'amqps:'
  return {
    host: host === '' ? 'localhost' : host.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (tls ? 5_671 : 5_672) : Number(port),
    tls,
    vhost: vhost === '' ? '/' : vhost,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // malformed; the error would quote it
  }
}

/** What is behind the last @ holds no password. */
function whyNoUrl(url: string): string {
  const [, port = ''] = /:(\d+)(?:\/[^/]*)?$/.exec(url.slice(url.lastIndexOf('@') + 1)) ?? []
  if (Number(port) > 65_535) return 'got a port above 65535'
  return url.includes('@')
    ? 'got something that is not a URL; in user and password / is written %2F, # %23, ? %3F and @ %40'
    : 'got something that is not a URL'
}
