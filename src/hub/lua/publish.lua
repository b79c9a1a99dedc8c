-- SPDX-License-Identifier: MIT
-- Publishes all messages, or none if their claim was made before.
-- 3 seen; 4 nonce, of the first message; 5 after: where this is tried again, an id that is
-- older than what the attempts before may have got, else empty; 6 claim and 7 how long it
-- stands (ms); 8 to 10 limits: messages, ms, bytes; 11 machine; then of each message:
-- channel, record. Returns the first one's id, and of each message how many subscribers
-- other machines have. The ids follow on each other. An id of 0: it was published before.
local seen, nonce, after, claim = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local messages, age, bytes = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local machine = ARGV[11]
local FIRST = 12
local count = (#ARGV - FIRST + 1) / 2

-- The first message's id, if an attempt before came through.
local function find_published()
  if after == '' then
    return nil
  end
  local entries = redis.call('XRANGE', prefix .. 'h:' .. ARGV[FIRST], after, '+')
  for _, entry in ipairs(entries) do
    if entry[2][2] == nonce then
      return tonumber(string.match(entry[1], '%d+'))
    end
  end
end

-- The first message's id, if this publication made the claim; 0 if another one did.
local function find_claimed()
  local made = claim ~= '' and redis.call('GET', prefix .. 'claim:' .. claim)
  if not made then
    return nil
  end
  local by, id = string.match(made, '^(%d+) (%d+)$')
  return by == nonce and tonumber(id) or 0
end

local function publish(id, number, since)
  local name, record = ARGV[FIRST + 2 * number], ARGV[FIRST + 2 * number + 1]
  local own_nonce = whole(tonumber(nonce) + number)
  local channel = open_channel(name, since, messages, age, bytes)
  channel.last = id
  if channel.messages > 0 then
    redis.call('XADD', channel.stream, whole(id) .. '-0', 'nonce', own_nonce,
      'record', record)
    channel.size = channel.size + #record
    trim(channel)
    redis.call('PEXPIRE', channel.stream, whole(math.max(channel.age, 1)))
  else
    channel.floor = id
  end
  close_channel(channel)
  redis.call('PUBLISH', push .. 'c:' .. name, whole(id) .. ' data ' .. own_nonce .. ' '
    .. (after == '' and 'first' or 'again') .. ' ' .. record)
end

local first = find_claimed() or find_published()
if first == 0 then
  return {0}
end
if not first then
  first = take_ids(seen, count)
  local _, since = ids(seen)
  for number = 0, count - 1 do
    publish(first + number, number, since)
  end
  if claim ~= '' then
    redis.call('SET', prefix .. 'claim:' .. claim, nonce .. ' ' .. whole(first),
      'PX', ARGV[7])
  end
end
local answer = {first}
for number = 0, count - 1 do
  answer[number + 2] = count_subscribers(ARGV[FIRST + 2 * number], machine)
end
return answer
