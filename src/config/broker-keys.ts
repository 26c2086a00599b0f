import type { Milliseconds } from '../core/instant.ts'
import { type BrokerPlace, brokerUrl } from './broker-url-kind.ts'
import { path } from './path-kind.ts'
import { type Section, sectionOf, type Values } from './section.ts'
import { duration, name } from './simple-kinds.ts'

export interface TlsValues {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface BrokerValues {
  readonly url: BrokerPlace
  readonly group: string
  readonly password_file: string
  readonly tls: Values<TlsValues>
  readonly heartbeat: Milliseconds
  readonly hold: Milliseconds
  readonly consumer_timeout: Milliseconds
}

const users = ['beat', 'worker', 'dev', 'client'] as const

export const tlsKeys: Section<TlsValues> = {
  keys: {
    ca: {
      kind: path('a path', users),
      doc: 'The authority that signed the broker’s certificate.',
      default: 'those of Node',
    },
    cert: { kind: path('a path', users), doc: 'Our own certificate, where the broker asks for one.' },
    key: { kind: path('a path', users), doc: 'The key of our own certificate.' },
  },
}

export const brokerKeys: Section<BrokerValues> = {
  keys: {
    url: {
      kind: brokerUrl,
      doc: 'Where messages wait: sqlite:PATH, or amqp://USER@HOST/VHOST (amqps://, or a list of the nodes of a cluster). $TASKBEAT_BROKER_URL goes before it.',
      default: 'sqlite:<state_dir>/broker.db',
    },
    group: { kind: name, doc: 'Beats of one group share a schedule; one of them leads.', default: 'main' },
    password_file: {
      kind: path('a path', users),
      doc: 'A file with the password for RabbitMQ.',
      default: 'the systemd credential broker-password, or /etc/taskbeat/credentials/broker-password',
    },
    tls: { kind: sectionOf(tlsKeys), doc: 'Certificates for amqps://.' },
    heartbeat: {
      kind: duration(1_000),
      doc: 'RabbitMQ: how often either side shows that it lives. A silent one is dead after two of them.',
      default: '10s',
    },
    hold: {
      kind: duration(1_000),
      doc: 'RabbitMQ: ETAs nearer than this wait in a worker, others in the broker.',
      default: '60s',
    },
    consumer_timeout: {
      kind: duration(10_000),
      doc: 'RabbitMQ: what its consumer_timeout is configured to.',
      default: '30m',
    },
  },
}
