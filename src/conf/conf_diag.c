// SPDX-License-Identifier: MIT
// Writes mistakes as lines and keeps them in order.
#include "wherry/conf/conf_diag.h"

#include <stdio.h>
#include <stdlib.h>

struct conf_diag_entry {
	size_t line;
	size_t column;
	size_t start; // in text
	size_t length;
};

enum {
	MESSAGE_SIZE = 512,
	FIRST_CAPACITY = 16
};

void conf_diag_init(struct conf_diag *diag)
{
	*diag = (struct conf_diag){.text = BUF_INIT};
}

void conf_diag_finish(struct conf_diag *diag)
{
	buf_finish(&diag->text);
	free(diag->entries);
	conf_diag_init(diag);
}

static void append_clean(struct buf *text, const char *s)
{
	for (; *s; s++) {
		unsigned char byte = (unsigned char)*s;
		if (byte < 0x20 || byte == 0x7f)
			buf_printf(text, "\\x%02x", byte);
		else
			buf_append(text, s, 1);
	}
}

static void append_position(struct buf *text, struct conf_position at)
{
	append_clean(text, at.file);
	if (at.line > 0)
		buf_printf(text, ":%zu:%zu", at.line, at.column);
	buf_append_str(text, STR(": "));
}

static void append_parenthesis(struct buf *text, const char *expected, const char *found)
{
	if (!expected && !found)
		return;
	buf_append_str(text, STR(" ("));
	if (expected) {
		buf_append_str(text, STR("expected "));
		append_clean(text, expected);
	}
	if (expected && found)
		buf_append_str(text, STR(", "));
	if (found) {
		buf_append_str(text, STR("found "));
		append_clean(text, found);
	}
	buf_append_str(text, STR(")"));
}

// The failure of the text stands for all: conf_load asks for it at its end.
static void remember(struct conf_diag *diag, struct conf_position at, size_t start)
{
	if (diag->count >= diag->capacity) {
		size_t capacity = diag->capacity ? 2 * diag->capacity : FIRST_CAPACITY;
		struct conf_diag_entry *entries =
			reallocarray(diag->entries, capacity, sizeof(*entries));
		if (!entries) {
			diag->text.is_failed = true;
			return;
		}
		diag->entries = entries;
		diag->capacity = capacity;
	}
	diag->entries[diag->count++] = (struct conf_diag_entry){
		.line = at.line,
		.column = at.column,
		.start = start,
		.length = diag->text.length - start,
	};
}

void conf_diag_add(struct conf_diag *diag, struct conf_position at, const char *expected,
	const char *found, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list values;
	va_start(values, format);
	(void)vsnprintf(message, sizeof(message), format, values); // cut if too long
	va_end(values);

	size_t start = diag->text.length;
	append_position(&diag->text, at);
	append_clean(&diag->text, message);
	append_parenthesis(&diag->text, expected, found);
	buf_append_str(&diag->text, STR("\n"));
	remember(diag, at, start);
}

void conf_diag_set_out_of_memory(struct conf_diag *diag, const char *file)
{
	buf_clear(&diag->text);
	diag->count = 0;
	conf_diag_add(
		diag, (struct conf_position){.file = file}, NULL, NULL, "out of memory");
	if (diag->text.is_failed)
		diag->count = 1;
}

static int compare(const void *left, const void *right)
{
	const struct conf_diag_entry *a = left;
	const struct conf_diag_entry *b = right;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

void conf_diag_sort(struct conf_diag *diag)
{
	if (diag->text.is_failed || diag->count < 2)
		return;
	qsort(diag->entries, diag->count, sizeof(*diag->entries), compare);
	struct buf sorted = BUF_INIT;
	for (size_t i = 0; i < diag->count; i++)
		buf_append(&sorted, diag->text.data + diag->entries[i].start,
			diag->entries[i].length);
	if (sorted.is_failed) { // unsorted is better than nothing
		buf_finish(&sorted);
		return;
	}
	size_t start = 0;
	for (size_t i = 0; i < diag->count; i++) {
		diag->entries[i].start = start;
		start += diag->entries[i].length;
	}
	buf_finish(&diag->text);
	diag->text = sorted;
}
