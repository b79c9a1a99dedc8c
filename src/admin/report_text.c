// SPDX-License-Identifier: MIT
// JSON for people; see the header.
#include "wherry/admin/report_text.h"

#include <ctype.h>
#include <string.h>

#include <jansson.h>

enum {
	VALUE_COLUMN = 28, // "  control frames per second" fits
	DEPTH_MAX = 8,
	GAP = 2 // between columns
};

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), size = strlen(end);
	return length >= size && strcmp(text + length - size, end) == 0;
}

// The unit is told by the value.
static size_t measure_name(const char *name)
{
	return strlen(name) - (ends_in(name, "_ms") ? strlen("_ms") : 0);
}

static void write_name(struct buf *out, const char *name)
{
	for (size_t i = 0, length = measure_name(name); i < length; i++)
		buf_append(out, name[i] == '_' ? " " : &name[i], 1);
}

// The process that answers may be anybody's: what would move a terminal's cursor is not
// passed on.
static void write_string(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_append(out, iscntrl((unsigned char)*text) ? "?" : text, 1);
}

// The two largest units.
static void write_duration(struct buf *out, json_int_t ms)
{
	static const struct {
		json_int_t ms;
		const char *name;
	} units[] = {{24 * 3600 * 1000, "d"}, {3600 * 1000, "h"}, {60 * 1000, "m"},
		{1000, "s"}};
	size_t i = 0, count = sizeof(units) / sizeof(units[0]);
	while (i < count && ms < units[i].ms)
		i++;
	if (i == count) {
		buf_printf(out, "%" JSON_INTEGER_FORMAT "ms", ms);
		return;
	}
	buf_printf(out, "%" JSON_INTEGER_FORMAT "%s", ms / units[i].ms, units[i].name);
	if (i + 1 < count)
		buf_printf(out, "%" JSON_INTEGER_FORMAT "%s",
			ms % units[i].ms / units[i + 1].ms, units[i + 1].name);
}

static void write_size(struct buf *out, json_int_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t i = 0;
	for (; value >= 1024 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
		value /= 1024;
	buf_printf(out, i == 0 || value >= 100 ? "%.0f%s" : "%.1f%s", value, units[i]);
}

static void write_scalar(struct buf *out, const char *name, const json_t *value)
{
	json_int_t number = json_integer_value(value);
	if (json_is_string(value))
		write_string(out, json_string_value(value));
	else if (json_is_integer(value) && ends_in(name, "_ms"))
		write_duration(out, number);
	else if (json_is_integer(value) && strstr(name, "bytes"))
		write_size(out, number);
	else if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, number);
	else if (json_is_real(value))
		buf_printf(out, "%g", json_real_value(value));
	else
		buf_append_str(out, json_is_true(value)    ? STR("yes")
				    : json_is_false(value) ? STR("no")
							   : STR("-"));
}

// At least one space.
static void fill_up(struct buf *out, size_t start, size_t width)
{
	do
		buf_append(out, " ", 1);
	while (!out->is_failed && out->length - start < width);
}

static void write_value(struct buf *out, const char *name, json_t *value, int depth);

static void write_members(struct buf *out, json_t *object, int depth)
{
	for (void *each = json_object_iter(object); each;
		each = json_object_iter_next(object, each))
		write_value(out, json_object_iter_key(each), json_object_iter_value(each),
			depth);
}

static bool is_table(const json_t *value)
{
	size_t count = json_array_size(value);
	for (size_t i = 0; i < count; i++) {
		if (!json_is_object(json_array_get(value, i)))
			return false;
	}
	return count > 0;
}

static void write_rows(struct buf *out, const json_t *rows, json_t **columns, int depth);

static void write_array(struct buf *out, const char *name, json_t *value, int depth)
{
	json_t *columns = NULL;
	if (is_table(value)) {
		buf_printf(out, "%*s", 2 * depth, "");
		write_name(out, name);
		buf_append_str(out, STR("\n"));
		write_rows(out, value, &columns, depth + 1);
		json_decref(columns);
		return;
	}
	for (size_t i = 0; i < json_array_size(value); i++)
		write_value(out, name, json_array_get(value, i), depth);
}

static void write_value(struct buf *out, const char *name, json_t *value, int depth)
{
	if (depth > DEPTH_MAX)
		return;
	if (json_is_array(value)) {
		write_array(out, name, value, depth);
		return;
	}
	size_t start = out->length;
	buf_printf(out, "%*s", 2 * depth, "");
	write_name(out, name);
	if (json_is_object(value)) {
		buf_append_str(out, STR("\n"));
		write_members(out, value, depth + 1);
		return;
	}
	fill_up(out, start, VALUE_COLUMN);
	write_scalar(out, name, value);
	buf_append_str(out, STR("\n"));
}

// What stands in a cell: an object or a list is too much for one.
static void write_cell(struct buf *out, const char *name, const json_t *value)
{
	if (json_is_object(value) || json_is_array(value))
		buf_printf(out, "%zu",
			json_is_object(value) ? json_object_size(value)
					      : json_array_size(value));
	else
		write_scalar(out, name, value);
}

// Name to width, in the order in which the names first come.
static json_t *measure_columns(const json_t *rows)
{
	json_t *columns = json_object();
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		for (void *each = json_object_iter(row); each;
			each = json_object_iter_next(row, each)) {
			struct buf cell = BUF_INIT;
			const char *name = json_object_iter_key(each);
			write_cell(&cell, name, json_object_iter_value(each));
			json_int_t former =
				json_integer_value(json_object_get(columns, name));
			json_int_t width = (json_int_t)measure_name(name);
			if (width < (json_int_t)cell.length)
				width = (json_int_t)cell.length;
			if (!json_object_get(columns, name) || former < width)
				(void)json_object_set_new(
					columns, name, json_integer(width));
			buf_finish(&cell);
		}
	}
	return columns;
}

static void write_row(struct buf *out, const json_t *row, json_t *columns, int depth)
{
	buf_printf(out, "%*s", 2 * depth, "");
	size_t cell = out->length, width = 0;
	for (void *each = json_object_iter(columns); each;
		each = json_object_iter_next(columns, each)) {
		const char *name = json_object_iter_key(each);
		if (width > 0)
			fill_up(out, cell, width + GAP);
		cell = out->length;
		width = (size_t)json_integer_value(json_object_iter_value(each));
		if (row)
			write_cell(out, name, json_object_get(row, name));
		else
			write_name(out, name);
	}
	buf_append_str(out, STR("\n"));
}

static void write_rows(struct buf *out, const json_t *rows, json_t **columns, int depth)
{
	if (!*columns) {
		*columns = measure_columns(rows);
		write_row(out, NULL, *columns, depth);
	}
	for (size_t i = 0; i < json_array_size(rows); i++)
		write_row(out, json_array_get(rows, i), *columns, depth);
}

void report_text_write_table(const json_t *rows, json_t **columns, struct buf *out)
{
	write_rows(out, rows, columns, 0);
}

void report_text_write_object(const json_t *object, struct buf *out)
{
	write_members(out, (json_t *)object, 0); // iterators are not const
}

bool report_text_write(struct str json, struct buf *out)
{
	json_t *root = json_loadb(json.length > 0 ? json.data : "", json.length, 0, NULL);
	bool is_object = json_is_object(root);
	if (is_object)
		write_members(out, root, 0);
	json_decref(root);
	return is_object;
}
