#!lua
-- Merge the alerts of many webhooks into their incidents. Merges, never decides; refused whole when memory is out.
-- KEYS[1] = <prefix>open (names the slot; the rest is built from the prefix)
-- ARGV: prefix, now ms, then per item: group key, spare incident id or '', first document or '', opening, truncated, blob, flags, payloads...
--   opening: wait ms, or 'wait ms, limit, within ms, source': how many incidents that source may open within that time
--   blob: per alert 65 bytes = member(28) status(1: F|R) starts(18, us) ends(18, us)
--   flags: per alert '0' no payload, '1' payload for a new alert, '2' payload that replaces the stored one
-- Per item: -1 = say more, -2 = one incident too many (nothing was written), else changed + 2^10*resolved_unknown + 2^20*late + 2^30*opened + 2^31*(an incident is due now)
local P, now = ARGV[1], tonumber(ARGV[2])
local call, sub, byte, find, text = redis.call, string.sub, string.byte, string.find, string.format
local hw = tonumber(call('HGET', P .. 'meta', 'hw') or '0')
if now < hw then now = hw elseif now > hw then call('HSET', P .. 'meta', 'hw', now) end
local now_ms = text('%d', now) -- a number is written out anew at every call it is handed to, and slowly
local AL, PL, IX, INC = P .. 'al:', P .. 'pl:', P .. 'ix', P .. 'inc:'

-- What the store holds of these alerts: the signature, and the incident it lives in where that is not `iid`.
local function read(iid, members)
  local cur, home, asked, at = {}, {}, {}, {}
  if iid then cur = call('HMGET', AL .. iid, unpack(members)) end
  for i = 1, #members do
    if not cur[i] then asked[#asked + 1] = members[i]; at[#at + 1] = i end
  end
  if #asked > 0 then
    local found = call('HMGET', IX, unpack(asked))
    for k = 1, #asked do
      local other = found[k]
      if other and other ~= iid then home[at[k]] = other; cur[at[k]] = call('HGET', AL .. other, asked[k]) end
    end
  end
  return cur, home
end

-- What becomes of one alert: the signature to write (or nil), whether that is a change, and a word for the report.
local function merge(old, sig, flag)
  if old == sig and flag ~= 50 then return nil end
  local is_firing = byte(sig, 1) == 70
  if not old then
    if is_firing then return sig, true, 'new' end
    return nil, false, 'unknown'
  end
  if byte(old, 1) ~= 70 then
    if is_firing then return sig, true end
    return nil
  end
  local sa, since = sub(sig, 2, 19), sub(old, 2, 19)
  if is_firing then
    if sa > since then return sig, false end
    if flag == 50 then return old, false end
    return nil
  end
  if sa == since or sub(sig, 20, 37) >= since then return sig, true end
  return nil, false, 'late'
end

-- Everything to be written to one incident; signatures last: until they stand, coming again does all of it again.
local function write(iid, w)
  if #w.pl > 0 then call('HSET', PL .. iid, unpack(w.pl)) end
  if #w.ix > 0 then call('HSET', IX, unpack(w.ix)) end
  if #w.gone > 0 then call('HDEL', IX, unpack(w.gone)) end
  if #w.al > 0 then call('HSET', AL .. iid, unpack(w.al)) end
end

-- `was` = trunc, hold, ver, reps as they stood; `trunc` is nil for an incident that this item is not about. True when it is due now.
local function touch(iid, was, trunc, changed)
  if trunc and was[1] ~= trunc then changed = changed or 'grew' end
  if not changed then call('HSET', INC .. iid, 'seen', now_ms, 'reps', text('%d', (was[4] or 0) + 1)); return false end
  call('HSET', INC .. iid, 'seen', now_ms, 'ver', text('%d', (was[3] or 0) + 1), 'trunc', trunc or was[1] or '0')
  -- Before the group wait is over nothing would be decided of an incident that only grew.
  local due = now_ms
  if changed == 'grew' and was[2] and tonumber(was[2]) > now then due = was[2] end
  call('ZADD', P .. 'wake', 'LT', due, iid)
  return due == now_ms
end

-- `at:<service>` has the open incidents of the service that the group names, for whoever looks for a cause.
local function open(iid, gkey, doc, wait, trunc)
  local due = text('%d', now + wait)
  call('HSET', INC .. iid, 'ver', '1', 'doc', doc, 'trunc', trunc, 'seen', now_ms, 'reps', '0', 'hold', due)
  call('ZADD', P .. 'list', now_ms, iid)
  call('ZADD', P .. 'wake', due, iid)
  call('HSET', KEYS[1], gkey, iid)
  local service = string.match(doc, '"service":"([^"\\]+)"')
  if service then call('ZADD', P .. 'at:' .. service, now, iid) end
end

local function wait_of(opening) return tonumber(string.match(opening, '^%d+')) end

-- True when this source has opened all that it may within this time; else one more is counted.
local function is_over(opening)
  local limit, within, source = string.match(opening, '^%d+ (%d+) (%d+) (.+)$')
  if not limit then return false end
  local key = P .. 'flood:' .. source
  local held = call('HMGET', key, 'since', 'n')
  if not held[1] or now - tonumber(held[1]) >= tonumber(within) then
    call('HSET', key, 'since', now_ms, 'n', '1')
    call('PEXPIRE', key, within)
    return false
  end
  if tonumber(held[2]) >= tonumber(limit) then return true end
  call('HINCRBY', key, 'n', 1)
  return false
end

-- Reads only: what is to be written to which incident, which of them change and how, and the counts of the report.
local function plan(iid, members, sigs, flags, payload, spare)
  local cur, home = read(iid, members)
  local p = {writes = {}, touched = {}, opens = false, unknown = 0, late = 0, changed = 0}
  for i = 1, #members do
    local sig, is_change, word = merge(cur[i], sigs[i], byte(flags, i))
    local at = home[i] or iid or spare
    if word == 'new' then
      if not payload[i] then return nil end
      if not iid and not home[i] then p.opens = true end
    elseif word then p[word] = p[word] + 1 end
    if sig then
      local w, m = p.writes[at], members[i]
      if not w then w = {al = {}, pl = {}, ix = {}, gone = {}}; p.writes[at] = w end
      w.al[#w.al + 1] = m; w.al[#w.al + 1] = sig
      if payload[i] then w.pl[#w.pl + 1] = m; w.pl[#w.pl + 1] = payload[i] end
      if is_change then
        p.changed = p.changed + 1
        if byte(sig, 1) == 70 then
          w.ix[#w.ix + 1] = m; w.ix[#w.ix + 1] = at
          p.touched[at] = p.touched[at] or 'grew'
        else w.gone[#w.gone + 1] = m; p.touched[at] = 'shrank' end
      end
    end
  end
  return p
end

-- A group and alerts that nobody knows: there is nothing to merge with. What is reported, or nil for anything else.
local function begin(gkey, spare, doc, opening, trunc, members, sigs, payload)
  local w = {al = {}, pl = {}, ix = {}, gone = {}}
  local home = call('HMGET', IX, unpack(members))
  for i = 1, #members do
    if home[i] then return nil end
    local m, k = members[i], 2 * i
    w.al[k-1], w.al[k] = m, sigs[i]
    w.pl[k-1], w.pl[k] = m, payload[i]
    w.ix[k-1], w.ix[k] = m, spare
  end
  if is_over(opening) then return -2 end
  local wait = wait_of(opening)
  open(spare, gkey, doc, wait, trunc)
  write(spare, w)
  return #members + 1073741824 + (wait == 0 and 2147483648 or 0)
end

local function admit(gkey, spare, doc, opening, trunc, blob, flags, payload)
  local iid = call('HGET', KEYS[1], gkey)
  local members, sigs = {}, {}
  for i = 1, #flags do
    local o = i * 65
    members[i], sigs[i] = sub(blob, o - 64, o - 37), sub(blob, o - 36, o)
  end
  if not iid and spare ~= '' and doc ~= '' and not find(flags, '0', 1, true) then
    local report = begin(gkey, spare, doc, opening, trunc, members, sigs, payload)
    if report then return report end
  end
  local p = plan(iid, members, sigs, flags, payload, spare)
  if not p or (p.opens and (spare == '' or doc == '')) then return -1 end
  if p.opens and is_over(opening) then return -2 end
  local was = {}
  if iid then was[iid] = call('HMGET', INC .. iid, 'trunc', 'hold', 'ver', 'reps') end
  for at, _ in pairs(p.touched) do
    if not was[at] then was[at] = call('HMGET', INC .. at, 'trunc', 'hold', 'ver', 'reps') end
  end
  local wait = p.opens and wait_of(opening)
  local is_due = wait == 0
  if p.opens then open(spare, gkey, doc, wait, trunc) end
  for at, w in pairs(p.writes) do write(at, w) end
  for at, held in pairs(was) do
    if at ~= spare and touch(at, held, at == iid and trunc or nil, p.touched[at]) then is_due = true end
  end
  return p.changed + 1024 * p.unknown + 1048576 * p.late + (p.opens and 1073741824 or 0) + (is_due and 2147483648 or 0)
end

local a, answers = 3, {}
while a <= #ARGV do
  local flags, payload, from = ARGV[a+6], {}, a
  a = a + 7
  for i = 1, #flags do
    if byte(flags, i) ~= 48 then payload[i] = ARGV[a]; a = a + 1 end
  end
  answers[#answers + 1] = admit(ARGV[from], ARGV[from+1], ARGV[from+2], ARGV[from+3], ARGV[from+4], ARGV[from+5], flags, payload)
end
return answers
