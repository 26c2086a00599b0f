/** A file of the starter: where it goes, below the directory, and what it says. */
export interface StarterFile {
  readonly path: string
  readonly text: string
}

/** A schedule that runs as it is, and a task to begin with. `timezone` is an IANA zone. */
export function starterFiles(timezone: string): readonly StarterFile[] {
  return [
    { path: 'schedules.yaml', text: schedule(timezone) },
    { path: 'tasks/hello.ts', text: task },
  ]
}

/** A schedule for the services of a machine in this zone, which runs as it is. */
export function serviceSchedule(timezone: string): string {
  return `${heading(timezone)}
schedules:
  disk-report: { cron: "0 7 * * *", command: [df, -h, /], timeout: 1m }
`
}

const heading = (
  timezone: string,
): string => `# What runs, and when. taskbeat check finds mistakes, taskbeat reference tells every key.
timezone: ${timezone} # of cron and of local times
`

const schedule = (
  timezone: string,
): string => `${heading(timezone)}state_dir: ./state # the queue, and the journal of what ran
defaults: { timeout: 5m }

schedules:
  greeting: { every: 10s, task: hello, kwargs: { name: world } }
  disk-report: { cron: "0 7 * * *", command: [df, -h, .] }

tasks:
  hello: { timeout: 5s } # options for the task in tasks/hello.ts

worker:
  modules: [./tasks/*.ts] # every export that defineTask made is a task
`

const task = `import { defineTask } from 'taskbeat'

export const hello = defineTask('hello', (ctx, { name }: { name: string }) => {
  ctx.log.info(\`hello, \${name}\`)
  return \`greeted \${name}\`
})
`
