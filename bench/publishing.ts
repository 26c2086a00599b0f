import { type Contest, runScript } from './contest.ts'

export const publishing: Contest = {
  title: 'Confirmed publishing to a quorum queue, up to 1,000 in flight',
  peer: 'bare amqplib',
  goals: { taskbeat: 0.8 },
  contestants: {
    'bare amqplib': (ground) => runScript('publish-bare.ts', ground),
    taskbeat: (ground) => runScript('publish-ours.ts', ground),
  },
}
