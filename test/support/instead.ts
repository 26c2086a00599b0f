/** The same object, but for one method. */
export function instead<T extends object, Key extends keyof T>(target: T, key: Key, method: T[Key]): T {
  return new Proxy(target, {
    get: (_, property) => {
      if (property === key) return method
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
