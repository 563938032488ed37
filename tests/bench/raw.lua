-- The least that merging durably costs: signatures of a group compared, what changed written, one stream entry. No incidents, no index.
-- KEYS: group, stream  ARGV: now, then per alert: fingerprint, signature, content. Answers how many changed.
local members = {}
for a = 2, #ARGV, 3 do members[#members + 1] = ARGV[a] end
local held = redis.call('HMGET', KEYS[1], unpack(members))
local signatures, contents = {}, {}
for n = 1, #members do
  local a = 2 + (n - 1) * 3
  if held[n] ~= ARGV[a + 1] then
    signatures[#signatures + 1] = members[n]; signatures[#signatures + 1] = ARGV[a + 1]
    contents[#contents + 1] = members[n]; contents[#contents + 1] = ARGV[a + 2]
  end
end
redis.call('HSET', KEYS[1], 'seen', ARGV[1])
if #signatures > 0 then
  redis.call('HSET', KEYS[1], unpack(signatures))
  redis.call('HSET', KEYS[1] .. ':content', unpack(contents))
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 100000, '*', 'group', KEYS[1], 'changed', #signatures / 2)
end
return #signatures / 2
