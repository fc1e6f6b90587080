/**
 * What a tenant's user may do on its Redis server (spec 3, "Redis users"): everything that BullMQ asks for, on keys and
 * channels under its prefix; and nothing without keys, since key patterns do not cover such commands.
 */
export function tenantRule(prefix: string): string[] {
  return (
    `resetkeys ~${prefix}* resetchannels &${prefix}* -@all +@read +@write +@connection +@transaction ` +
    '+@scripting +@pubsub +@blocking -@dangerous -@admin -scan -randomkey -dbsize -select -move -script -function ' +
    '-fcall -fcall_ro -client +client|setname +client|setinfo +client|id -wait -waitaof'
  ).split(' ');
}
