// SPDX-License-Identifier: MIT
// Turns libyaml's events into the tree.
#include "conf_yaml_read_priv.h"

#include <yaml.h>

#include "conf_yaml_build_priv.h"

struct reader {
	struct conf_yaml_build build;
	const char *name;
	size_t document_count;
};

static struct conf_position position(const struct reader *reader, yaml_mark_t mark)
{
	return (struct conf_position){
		.file = reader->name, .line = mark.line + 1, .column = mark.column + 1};
}

static void refuse(struct reader *reader, struct conf_position at, const char *what)
{
	conf_diag_add(reader->build.diag, at, NULL, NULL, "%s", what);
}

static void refuse_properties(struct reader *reader, struct conf_position at,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		refuse(reader, at, "anchors are not supported");
	if (tag)
		refuse(reader, at, "tags are not supported");
}

static bool take_document(struct reader *reader, struct conf_position at)
{
	if (++reader->document_count == 1)
		return true;
	refuse(reader, at, "a second document starts here");
	return false;
}

static bool take_scalar(
	struct reader *reader, struct conf_position at, const yaml_event_t *event)
{
	struct str text = {
		(const char *)event->data.scalar.value, event->data.scalar.length};
	refuse_properties(reader, at, event->data.scalar.anchor, event->data.scalar.tag);
	return conf_yaml_build_scalar(&reader->build, at, text,
		event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static bool take_event(struct reader *reader, const yaml_event_t *event)
{
	struct conf_position at = position(reader, event->start_mark);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return take_document(reader, at);
	case YAML_ALIAS_EVENT:
		refuse(reader, at, "aliases are not supported");
		return conf_yaml_build_invalid(&reader->build, at);
	case YAML_SCALAR_EVENT:
		return take_scalar(reader, at, event);
	case YAML_SEQUENCE_START_EVENT:
		refuse_properties(reader, at, event->data.sequence_start.anchor,
			event->data.sequence_start.tag);
		return conf_yaml_build_open(&reader->build, at, CONF_YAML_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		refuse_properties(reader, at, event->data.mapping_start.anchor,
			event->data.mapping_start.tag);
		return conf_yaml_build_open(&reader->build, at, CONF_YAML_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		conf_yaml_build_close(&reader->build);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

// libyaml gives no mark for bytes it could not even decode, only their offset.
static struct conf_position locate(
	const struct reader *reader, struct str text, size_t offset)
{
	struct conf_position at = {.file = reader->name, .line = 1, .column = 1};
	for (size_t i = 0; i < offset && i < text.length; i++) {
		at.column++;
		if (text.data[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

static void report_error(
	struct reader *reader, const yaml_parser_t *parser, struct str text)
{
	if (parser->error == YAML_MEMORY_ERROR) {
		reader->build.yaml->memory.is_failed = true;
		return;
	}
	struct conf_position at = parser->error == YAML_READER_ERROR
					  ? locate(reader, text, parser->problem_offset)
					  : position(reader, parser->problem_mark);
	conf_diag_add(reader->build.diag, at, NULL, NULL, "syntax error: %s%s%s",
		parser->problem ? parser->problem : "this is not YAML",
		parser->context ? " " : "", parser->context ? parser->context : "");
}

static bool read_events(struct reader *reader, yaml_parser_t *parser, struct str text)
{
	bool is_last = false;
	while (!is_last) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event)) {
			report_error(reader, parser, text);
			return false;
		}
		is_last = event.type == YAML_STREAM_END_EVENT;
		bool is_good = take_event(reader, &event);
		yaml_event_delete(&event);
		if (!is_good)
			return false;
	}
	return true;
}

// A text without any key is an empty mapping.
static bool has_root(struct reader *reader)
{
	struct conf_yaml *yaml = reader->build.yaml;
	struct conf_position at = {.file = reader->name, .line = 1, .column = 1};
	if (!yaml->root)
		return conf_yaml_build_open(&reader->build, at, CONF_YAML_MAPPING);
	if (yaml->root->kind == CONF_YAML_SCALAR && yaml->root->is_null)
		yaml->root->kind = CONF_YAML_MAPPING;
	return true;
}

bool conf_yaml_read(
	struct conf_yaml *yaml, const char *name, struct str text, struct conf_diag *diag)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser)) {
		yaml->memory.is_failed = true;
		return false;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser,
		(const unsigned char *)(text.data ? text.data : ""), text.length);
	struct reader reader = {.build = {.yaml = yaml, .diag = diag}, .name = name};
	bool is_good = read_events(&reader, &parser, text) && has_root(&reader);
	yaml_parser_delete(&parser);
	while (reader.build.depth > 0)
		conf_yaml_build_close(&reader.build);
	return is_good;
}
