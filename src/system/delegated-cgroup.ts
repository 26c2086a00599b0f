/**
 * A cgroup for each run, below the worker's own, where that was delegated to it (systemd.resource-control(5),
 * Delegate=):
 *
 *   taskworker.service/       the unit: the worker, its guard, its threads, what they start
 *     run-4711-88-1/          a run of the worker 4711: made ▶ entered by the child itself ▶ emptied ▶ removed
 *     run-4711-88-2/
 *
 * The name says which life of that number it was, by the time when it began: in a container each worker has the same.
 *
 * Who starts the worker says that it is delegated, by $TASKBEAT_CGROUP_PER_RUN: root may write everywhere, and still
 * must not below a cgroup that is systemd's. Whether it is true is found out by doing it once. Only cgroup.kill is
 * wanted and no controller, so none is turned on for those below. Therefore the rule that a cgroup with controllers has
 * no processes of its own (cgroups(7), "no internal processes") does not hold, the worker stays where it is, and
 * systemd's limits, its watchdog and its notify socket go on as if there was nothing below.
 *
 * The kernel makes and removes one at a time, and waits within that while a process is moved: it is asked from another
 * thread, since the worker's own has more to do.
 *
 * On each failure:
 * - It is not delegated, or cannot be used: said once, with the reason, and runs have their process groups.
 * - One cannot be made for a run, or not be entered: told of, and that run has its process group.
 * - One cannot be removed, since the kernel does not let go of a process: tried again when the next is made.
 * - The worker is killed: systemd kills what is left in the unit (KillMode=), the cgroups below too. Where nobody
 *   does, the next worker there kills it before it begins.
 *
 * It is against what gets lost, not against an enemy: a task that runs as the worker's own user can write itself into
 * another cgroup of the unit, and it is then the unit's end that ends it. What runs as another user cannot.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../core/errors.ts'
import { milliseconds } from '../core/instant.ts'
import { ownCgroup } from './own-cgroup.ts'
import { RunCgroup } from './run-cgroup.ts'

export const cgroupVariable = 'TASKBEAT_CGROUP_PER_RUN'

export interface CgroupsOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  /** One could not be made: told again only when others could be since. Or this run could not enter its own. */
  readonly onFailed: (reason: string, run?: string) => void
}

/** Why there are none, in words; `wanted`: though who started the worker has asked for them. */
export interface NoCgroups {
  readonly reason: string
  readonly wanted: boolean
}

export async function openDelegatedCgroup(options: CgroupsOptions): Promise<DelegatedCgroup | NoCgroups> {
  if (options.env[cgroupVariable] !== 'yes') return { reason: `${cgroupVariable} is not yes`, wanted: false }
  const path = findOwn()
  if (path === undefined) return { reason: 'there is no cgroup of the second version', wanted: true }
  const cgroups = new DelegatedCgroup(path, options)
  const reason = await cgroups.prepare()
  return reason === undefined ? cgroups : { reason, wanted: true }
}

function findOwn(): string | undefined {
  try {
    const read = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8')
    return ownCgroup({ membership: read('cgroup'), mounts: read('mountinfo') })
  } catch {
    return undefined // no /proc, or another system's
  }
}

export class DelegatedCgroup {
  readonly path: string
  readonly #pid: number
  readonly #birth: string
  readonly #onFailed: CgroupsOptions['onFailed']
  readonly #left = new Set<RunCgroup>()
  #count = 0
  #isFailing = false

  constructor(path: string, { pid, onFailed }: CgroupsOptions) {
    this.path = path
    this.#pid = pid
    this.#birth = birthOf(pid) ?? '0'
    this.#onFailed = onFailed
  }

  /** Kills what dead workers have left here, and does once what every run needs; gives what stands in the way. */
  async prepare(): Promise<string | undefined> {
    try {
      this.#endThoseOfTheDead()
      const name = await this.#make()
      const trial = this.#at(name)
      try {
        const { program, args, env } = trial.enter({
          program: '/bin/cat',
          args: ['/proc/self/cgroup'],
          env: {},
        })
        const { stdout, stderr } = spawnSync(program, args, { env, encoding: 'latin1' })
        if (!stdout) return `no process can be started by env -S: ${stderr?.trim()}`
        if (!stdout.includes(`/${name}\n`) || !trial.wasEntered())
          return `no process can be moved below ${this.path}`
        const canKill = existsSync(join(this.path, name, 'cgroup.kill'))
        return canKill ? undefined : 'this kernel has no cgroup.kill: it came with Linux 5.14'
      } finally {
        await trial.remove()
      }
    } catch (error) {
      return describeError(error)
    }
  }

  async open(): Promise<RunCgroup | undefined> {
    for (const left of this.#left) if (await left.remove()) this.#left.delete(left)
    try {
      return this.#made(await this.#make())
    } catch (error) {
      return this.#failed(error)
    }
  }

  openNow(): RunCgroup | undefined {
    try {
      const name = this.#nextName()
      mkdirSync(join(this.path, name))
      return this.#made(name)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #made(name: string): RunCgroup {
    this.#isFailing = false
    return this.#at(name)
  }

  #failed(error: unknown): undefined {
    if (!this.#isFailing) this.#onFailed(describeError(error))
    this.#isFailing = true
  }

  async #make(): Promise<string> {
    const name = this.#nextName()
    await mkdir(join(this.path, name))
    return name
  }

  #nextName(): string {
    return `run-${this.#pid}-${this.#birth}-${++this.#count}`
  }

  #at(name: string): RunCgroup {
    return new RunCgroup(join(this.path, name), {
      onLeft: (left) => this.#left.add(left),
      onOutside: (run) => this.#onFailed('it could not be entered', run),
    })
  }

  #endThoseOfTheDead(): void {
    for (const name of readdirSync(this.path)) {
      const [, pid, birth] = /^run-(\d+)-(\d+)-\d+$/.exec(name) ?? []
      if (pid === undefined || birthOf(pid) === birth) continue
      const cgroup = this.#at(name)
      cgroup.kill()
      void cgroup.end(milliseconds(0))
    }
  }
}

/** When it was started, in ticks since the machine was (proc_pid_stat(5), field 22); undefined: there is none. */
function birthOf(pid: number | string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
