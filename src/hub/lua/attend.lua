-- SPDX-License-Identifier: MIT
-- What a machine has of a channel now.
-- 3 seen; 4 machine; 5 channel; 6 subscribers; 7 who they are: LENGTH:NAME...
local machine, name, count = ARGV[4], ARGV[5], tonumber(ARGV[6])
redis.call(count > 0 and 'SADD' or 'SREM', prefix .. 'of:' .. machine, name)
set_crowd(name, machine, count, ARGV[7])
