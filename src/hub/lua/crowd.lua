-- SPDX-License-Identifier: MIT
-- Tells one machine what all have of a channel, in the order of everything published.
-- 3 seen; 4 machine; 5 channel; 6 whether it wants to know who (1).
local id, name = take_ids(tonumber(ARGV[3]), 1), ARGV[5]
local members = ''
if ARGV[6] == '1' then
  members = table.concat(redis.call('HVALS', prefix .. 'p:' .. name))
end
redis.call('PUBLISH', push .. 'm:' .. ARGV[4], whole(id) .. ' crowd ' .. #name .. ' '
  .. name .. count_subscribers(name) .. ' ' .. members)
