import { type Contest, runScript } from './contest.ts'

export const emitting: Contest = {
  title: 'Occurrences emitted to a quorum queue',
  peer: 'bare amqplib',
  goals: { taskbeat: 0.8 },
  contestants: {
    'bare amqplib': (ground) => runScript('emit-bare.ts', ground),
    taskbeat: (ground) => runScript('emit-ours.ts', ground),
  },
}
