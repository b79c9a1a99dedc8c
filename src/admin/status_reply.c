// SPDX-License-Identifier: MIT
// The pages, and the refusals around them.
#include "status_reply_priv.h"

#include <string.h>

#include "wherry/admin/metrics.h"
#include "wherry/base/url.h"
#include "wherry/proto/http_write.h"

struct page {
	unsigned status;
	struct str content_type;
	struct buf body;
};

static void write_page(
	struct buf *out, const struct page *page, bool is_head, bool is_keep_alive)
{
	http_write_status_line(out, page->status, STR(""));
	http_write_date(out);
	http_write_field(out, STR("Content-Type"), page->content_type);
	http_write_field_u64(out, STR("Content-Length"), page->body.length);
	http_write_field(out, STR("Cache-Control"), STR("no-store"));
	http_write_field(out, STR("X-Content-Type-Options"), STR("nosniff"));
	if (page->status == 405)
		http_write_field(out, STR("Allow"), STR("GET, HEAD"));
	if (!is_keep_alive)
		http_write_field(out, STR("Connection"), STR("close"));
	http_write_end(out);
	if (!is_head)
		buf_append_str(out, buf_str(&page->body));
	out->is_failed |= page->body.is_failed;
}

static bool is_loopback(const struct addr *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static bool is_wildcard(const struct addr *address)
{
	if (address->any.sa_family == AF_INET)
		return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

// Against DNS rebinding: a page of a foreign site gets here by a name of its own, that it
// made lead to this host, and browsers put that name in Host. No name can pose as an IP
// literal. A request without Host (HTTP/1.0 only) comes from no browser.
static bool is_own_host(struct str authority, const struct addr *own)
{
	struct str host;
	struct addr literal;
	uint16_t port;

	if (authority.length == 0)
		return true;
	if (!url_split_authority(authority, &host, &port))
		return false;
	if (str_equal_nocase(host, STR("localhost")))
		return true;
	if (!addr_parse_ip(host, addr_port(own), &literal))
		return false;
	if (is_loopback(&literal))
		return true;
	return !addr_is_unix(own) && (is_wildcard(own) || addr_equal(&literal, own));
}

static void fill_page(struct page *page, const struct http_message *request,
	const struct addr *address, const struct status_source *source)
{
	if (!is_own_host(request->host, address)) {
		page->status = 421;
	} else if (str_equal(request->path, STR("/ready"))) {
		const char *hindrance = source->find_hindrance(source->arg);
		page->status = hindrance ? 503 : 200;
		buf_printf(&page->body, "%s\n", hindrance ? hindrance : "ready");
	} else if (str_equal(request->path, STR("/metrics"))) {
		page->status = 200;
		page->content_type = STR(METRICS_CONTENT_TYPE);
		source->write_metrics(source->arg, &page->body);
	} else if (str_equal(request->path, STR("/status"))) {
		page->status = 200;
		page->content_type = STR("application/json");
		source->write_report(source->arg, &page->body);
	} else {
		page->status = 404;
	}
}

static struct page empty_page(void)
{
	return (struct page){.content_type = STR("text/plain; charset=utf-8")};
}

static void say_reason(struct page *page)
{
	if (page->body.length == 0)
		buf_printf(&page->body, "%u %.*s\n", page->status,
			STR_ARG(http_write_reason(page->status)));
}

void status_reply_write(struct buf *out, const struct http_message *request,
	const struct addr *address, const struct status_source *source,
	bool is_keep_alive)
{
	struct page page = empty_page();
	bool is_head = http_message_is_method(request, "HEAD");

	if (is_head || http_message_is_method(request, "GET"))
		fill_page(&page, request, address, source);
	else
		page.status = 405;
	say_reason(&page);
	write_page(out, &page, is_head, is_keep_alive);
	buf_finish(&page.body);
}

void status_reply_refuse(struct buf *out, unsigned status)
{
	struct page page = empty_page();

	page.status = status;
	say_reason(&page);
	write_page(out, &page, false, false);
	buf_finish(&page.body);
}
