#!lua flags=allow-oom
-- Put or remove one item if nobody changed any meanwhile: what two people swap must be looked at together.
-- KEYS: items, version  ARGV: expected version, id, item or '' to remove it. Answers the new version, or -1.
local version = tonumber(redis.call('GET', KEYS[2]) or '0')
if version ~= tonumber(ARGV[1]) then return -1 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[2]) else redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
return redis.call('INCR', KEYS[2])
