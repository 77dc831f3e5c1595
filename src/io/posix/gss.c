#include "io/gss_system.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 2744, as MIT krb5 lays it out; declared here so that building needs no Kerberos. */
typedef uint32_t om_uint32;
struct gss_oid {
	om_uint32 length;
	const void *elements;
};
struct gss_oid_set {
	size_t count;
	const struct gss_oid *elements;
};
struct gss_buffer {
	size_t length;
	void *value;
};

enum {
	CONTINUE_NEEDED = 1,
	CALLING_AND_ROUTINE_ERRORS = 0x7fff0000, /* RFC 2744 3.9.1; plus the sign bit */
	MECHANISM_CODE = 2,
	INITIATE = 1,
};

struct library {
	om_uint32 (*import_name)(om_uint32 *, const struct gss_buffer *, const struct gss_oid *,
				 void **);
	om_uint32 (*release_name)(om_uint32 *, void **);
	om_uint32 (*init_sec_context)(om_uint32 *, void *, void **, void *, const struct gss_oid *,
				      om_uint32, om_uint32, void *, const struct gss_buffer *,
				      struct gss_oid **, struct gss_buffer *, om_uint32 *,
				      om_uint32 *);
	om_uint32 (*delete_sec_context)(om_uint32 *, void **, struct gss_buffer *);
	om_uint32 (*release_buffer)(om_uint32 *, struct gss_buffer *);
	om_uint32 (*release_cred)(om_uint32 *, void **);
	om_uint32 (*display_status)(om_uint32 *, om_uint32, int, const struct gss_oid *,
				    om_uint32 *, struct gss_buffer *);
	om_uint32 (*acquire_cred)(om_uint32 *, void *, om_uint32, const struct gss_oid_set *, int,
				  void **, struct gss_oid_set **, om_uint32 *);
	om_uint32 (*acquire_cred_with_password)(om_uint32 *, void *, const struct gss_buffer *,
						om_uint32, const struct gss_oid_set *, int, void **,
						struct gss_oid_set **, om_uint32 *);
};

struct context {
	struct library lib;
	void *name, *credentials, *security;
	bool complete;
};

/* RFC 1964 1: 1.2.840.113554.1.2.2. RFC 4178: 1.3.6.1.5.5.2. RFC 2744 appendix A:
 * GSS_C_NT_HOSTBASED_SERVICE 1.2.840.113554.1.2.1.4, GSS_C_NT_USER_NAME
 * 1.2.840.113554.1.2.1.1. */
static const struct gss_oid kerberos = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static const struct gss_oid spnego = { 6, "\x2b\x06\x01\x05\x05\x02" };
static const struct gss_oid hostbased_service = { 10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04" };
static const struct gss_oid user_name = { 10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01" };

static bool failed(om_uint32 major)
{
	return major & ((om_uint32)CALLING_AND_ROUTINE_ERRORS | 0x80000000u);
}

static void say(struct io_gss_job *job, const char *text)
{
	(void)snprintf(job->trouble, sizeof(job->trouble), "%s", text);
}

/* The mechanism's own words name the missing ticket or the unknown service. */
static void say_status(struct io_gss_job *job, struct context *c, const struct gss_oid *mechanism,
		       om_uint32 major, om_uint32 minor)
{
	struct gss_buffer text = { 0 };
	om_uint32 ignored, more = 0;
	if (minor)
		(void)c->lib.display_status(&ignored, minor, MECHANISM_CODE, mechanism, &more,
					    &text);
	else
		(void)c->lib.display_status(&ignored, major, 1, NULL, &more, &text);
	(void)snprintf(job->trouble, sizeof(job->trouble), "Kerberos: %.*s",
		       (int)(text.length < 200 ? text.length : 200),
		       text.value ? (char *)text.value : "");
	(void)c->lib.release_buffer(&ignored, &text);
}

static bool load(struct library *l)
{
	void *handle = dlopen("libgssapi_krb5.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return false;
	/* It stays loaded: it keeps threads' data that outlives a dlclose(). */
	const struct {
		const char *name;
		void *to;
	} symbols[] = {
		{ "gss_import_name", &l->import_name },
		{ "gss_release_name", &l->release_name },
		{ "gss_init_sec_context", &l->init_sec_context },
		{ "gss_delete_sec_context", &l->delete_sec_context },
		{ "gss_release_buffer", &l->release_buffer },
		{ "gss_release_cred", &l->release_cred },
		{ "gss_display_status", &l->display_status },
		{ "gss_acquire_cred", &l->acquire_cred },
		{ "gss_acquire_cred_with_password", &l->acquire_cred_with_password },
	};
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
		void *symbol = dlsym(handle, symbols[i].name);
		if (!symbol)
			return false;
		memcpy(symbols[i].to, &symbol, sizeof(symbol)); /* POSIX: a function fits */
	}
	return true;
}

static void *import(struct io_gss_job *job, struct context *c, const char *text,
		    const struct gss_oid *form)
{
	char *value = strdup(text);
	if (!value)
		abort(); /* as in base/arena.h */
	struct gss_buffer buffer = { strlen(value), value };
	om_uint32 minor = 0;
	void *name = NULL;
	om_uint32 major = c->lib.import_name(&minor, &buffer, form, &name);
	free(value);
	if (failed(major))
		say_status(job, c, &spnego, major, minor);
	return failed(major) ? NULL : name;
}

/* SPNEGO itself would only say that no mechanism is left. */
static bool has_ticket(struct io_gss_job *job, struct context *c)
{
	const struct gss_oid_set mechanisms = { 1, &kerberos };
	void *credentials = NULL;
	om_uint32 minor = 0, ignored;
	om_uint32 major = c->lib.acquire_cred(&minor, NULL, 0, &mechanisms, INITIATE, &credentials,
					      NULL, NULL);
	if (failed(major))
		say_status(job, c, &kerberos, major, minor);
	else
		(void)c->lib.release_cred(&ignored, &credentials);
	return !failed(major);
}

static bool log_in(struct io_gss_job *job, struct context *c)
{
	if (!job->user)
		return has_ticket(job, c);
	void *name = import(job, c, job->user, &user_name);
	if (!name)
		return false;
	struct gss_buffer password = { 0 };
	password.value = job->password;
	password.length = job->password ? strlen(job->password) : 0;
	const struct gss_oid_set mechanisms = { 1, &spnego };
	om_uint32 minor = 0, ignored;
	om_uint32 major = c->lib.acquire_cred_with_password(&minor, name, &password, 0, &mechanisms,
							    INITIATE, &c->credentials, NULL, NULL);
	if (failed(major))
		say_status(job, c, &spnego, major, minor);
	(void)c->lib.release_name(&ignored, &name);
	return !failed(major);
}

static struct context *begin(struct io_gss_job *job)
{
	struct context *c = calloc(1, sizeof(*c));
	if (!c)
		abort(); /* as in base/arena.h */
	if (!load(&c->lib)) {
		free(c);
		say(job, "the Kerberos library libgssapi_krb5.so.2 is not installed");
		return NULL;
	}
	job->context = c;
	char service[300];
	(void)snprintf(service, sizeof(service), "HTTP@%s", job->host);
	c->name = import(job, c, service, &hostbased_service);
	return c->name && log_in(job, c) ? c : NULL;
}

void io_gss_system_step(struct io_gss_job *job)
{
	struct context *c = job->context ? job->context : begin(job);
	if (!c)
		return;
	if (c->complete) {
		say(job, "the proxy asks for more after Kerberos is done");
		return;
	}
	struct gss_buffer in = { job->in_len, job->in }, out = { 0 };
	om_uint32 minor = 0, ignored;
	om_uint32 major = c->lib.init_sec_context(&minor, c->credentials, &c->security, c->name,
						  &spnego, 0, 0, NULL, &in, NULL, &out, NULL, NULL);
	if (failed(major)) {
		say_status(job, c, &spnego, major, minor);
	} else {
		c->complete = !(major & CONTINUE_NEEDED);
		job->out = malloc(out.length + 1);
		if (!job->out)
			abort(); /* as in base/arena.h */
		if (out.length)
			memcpy(job->out, out.value, out.length);
		job->out_len = out.length;
	}
	(void)c->lib.release_buffer(&ignored, &out);
}

void io_gss_system_end(struct io_gss_job *job)
{
	struct context *c = job->context;
	if (!c)
		return;
	om_uint32 minor;
	if (c->security)
		(void)c->lib.delete_sec_context(&minor, &c->security, NULL);
	if (c->credentials)
		(void)c->lib.release_cred(&minor, &c->credentials);
	if (c->name)
		(void)c->lib.release_name(&minor, &c->name);
	free(c);
	job->context = NULL;
}
