// SPDX-License-Identifier: MIT
// How a row of the table of keys is written.
#pragma once

#include "wherry/conf/conf_schema.h"

#define KEY(key_path, key_type, text, key_help, ...)                                     \
	{                                                                                \
		.path = (key_path), .type = CONF_SCHEMA_##key_type,                      \
		.default_text = (text), .help = (key_help), __VA_ARGS__                  \
	}
#define PLACE(type, member)                                                              \
	{                                                                                \
		offsetof(struct type, member), sizeof(((struct type *)0)->member)        \
	}
#define IN(type, member) .field = PLACE(type, member)
#define EXTRA(type, member) .extra = PLACE(type, member)
#define RANGE(low, high) .min = (low), .max = (high)
#define RATE(key_path, member, key_help) RATE_IN(conf, key_path, member, key_help)
#define RATE_IN(item, key_path, member, key_help)                                        \
	KEY(key_path, RATE, "off", key_help, IN(item, member), RANGE(1, 10000000),       \
		.words = "off")
#define ITEMS(path, type) .items = (path), .item_size = sizeof(struct type)

#define JWT(member) IN(conf_route, jwt.member)
#define JWT_ALGORITHMS                                                                   \
	"HS256|HS384|HS512|RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define TIB (1024 * 1024 * MIB)
#define SECOND UINT64_C(1000)
#define DAY (24 * 3600 * SECOND)
