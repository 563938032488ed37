#!lua flags=allow-oom
-- Commit one notice: document, wake-up, links to incidents, public projection and indexes together, or nothing when the version moved on.
-- KEYS[1] = {notice}:wake  ARGV: prefix, id, expected version, document, wake ms or '', public document or '', public score ms, now ms,
--   open '1'|'0', count of claimed components, components..., count of incidents, incidents...
-- Answers the new version, -1 when somebody was faster, -2 when another notice already covers a component.
local P, id, expected = ARGV[1], ARGV[2], tonumber(ARGV[3])
local doc = P .. 'doc:' .. id
if tonumber(redis.call('HGET', doc, 'ver') or '0') ~= expected then return -1 end
local at = 10
local claimed, linked = {}, {}
for n = 1, tonumber(ARGV[at]) do claimed[ARGV[at + n]] = true end
at = at + tonumber(ARGV[at]) + 1
for n = 1, tonumber(ARGV[at]) do linked[ARGV[at + n]] = true end
for component in pairs(claimed) do
  local held = redis.call('HGET', P .. 'covers', component)
  if held and held ~= id then return -2 end
end
for _, component in ipairs(redis.call('HKEYS', P .. 'covers')) do
  if not claimed[component] and redis.call('HGET', P .. 'covers', component) == id then redis.call('HDEL', P .. 'covers', component) end
end
for component in pairs(claimed) do redis.call('HSET', P .. 'covers', component, id) end
for _, incident in ipairs(redis.call('SMEMBERS', P .. 'of:' .. id)) do
  if not linked[incident] then
    redis.call('SREM', P .. 'of:' .. id, incident)
    if redis.call('HGET', P .. 'by', incident) == id then redis.call('HDEL', P .. 'by', incident) end
  end
end
for incident in pairs(linked) do
  redis.call('SADD', P .. 'of:' .. id, incident)
  redis.call('HSET', P .. 'by', incident, id)
end
local ver = redis.call('HINCRBY', doc, 'ver', 1)
redis.call('HSET', doc, 'doc', ARGV[4])
if ARGV[5] == '' then redis.call('ZREM', P .. 'wake', id) else redis.call('ZADD', P .. 'wake', ARGV[5], id) end
redis.call('ZADD', P .. 'list', 'NX', ARGV[8], id)
if ARGV[9] == '1' then redis.call('SADD', P .. 'open', id) else redis.call('SREM', P .. 'open', id) end
if ARGV[6] ~= '' then
  redis.call('HSET', P .. 'public:docs', id, ARGV[6])
  redis.call('ZADD', P .. 'public:list', ARGV[7], id)
  redis.call('INCR', P .. 'public:version')
end
return ver
