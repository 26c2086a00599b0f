/**
 * What belongs to the service and not to its tasks: how to reach the broker and what to say there, the socket of the
 * service manager, and what a debugger or a tool told this process alone.
 */
const withheld =
  /^(?:TASKBEAT_(?!CONFIG$|WORKER_).*|CREDENTIALS_DIRECTORY|NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_(?:FDS|PID|FDNAMES)|MAINPID|MANAGERPID|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|MEMORY_PRESSURE_.*|NODE_CHANNEL_.*)$/

/** Of the worker's own environment, what the code of its modules finds: they read their settings there. */
export function cellEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && !withheld.test(name)) environment[name] = value
  return environment
}
