#!lua flags=allow-oom
-- Take a member away if nobody moved it since it was leased. KEYS[1] = sorted set  ARGV: member, the lease's end in ms
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
