#include "io/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

static const char resolv_conf[] = "/etc/resolv.conf";
/* systemd-resolved(8): the servers behind the stub at 127.0.0.53. */
static const char resolved_upstream[] = "/run/systemd/resolve/resolv.conf";

/* Reads until the end or until the buffer is full; -1 with errno on error. */
static ssize_t read_all(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	while (len < cap) {
		ssize_t n = read(fd, buf + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* The whole of an open file in a buffer that grows as it is read; at most `most` bytes. */
static enum cw_ec read_whole(int fd, size_t most, struct cw_arena *arena, char **out, size_t *len,
			     const char **error)
{
	struct stat st;
	bool sized = !fstat(fd, &st) && S_ISREG(st.st_mode) && (uint64_t)st.st_size <= most;
	size_t cap = sized ? (size_t)st.st_size + 1 : 65536, have = 0;
	char *buf = cw_arena_alloc(arena, cap + 1);
	for (;;) {
		ssize_t n = read_all(fd, buf + have, cap - have);
		if (n < 0) {
			*error = cw_arena_str(arena, strerror(errno));
			return CW_EIO;
		}
		have += (size_t)n;
		if (have > most) {
			*error = cw_arena_fmt(arena, "it is larger than %zu MiB", most >> 20);
			return CW_ETOOBIG;
		}
		if (have < cap)
			break;
		char *larger = cw_arena_alloc(arena, cap * 2 + 1);
		memcpy(larger, buf, have);
		buf = larger;
		cap *= 2;
	}
	buf[have] = '\0';
	*out = buf;
	*len = have;
	return CW_OK;
}

enum cw_ec io_read_file(const char *path, struct cw_arena *arena, char **out, size_t *len,
			const char **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*error = cw_arena_str(arena, strerror(errno));
		return errno == ENOENT ? CW_ENOTFOUND : CW_EIO;
	}
	enum cw_ec ec = read_whole(fd, LIMIT_TEXT_FILE, arena, out, len, error);
	(void)close(fd);
	return ec;
}

enum cw_ec io_read_list(const char *path, struct cw_arena *arena, char **out, size_t *len,
			const char **error)
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*error = cw_arena_str(arena, strerror(errno));
		return errno == ENOENT ? CW_ENOTFOUND : CW_EIO;
	}
	enum cw_ec ec = read_whole(fd, LIMIT_BATCH_FILE, arena, out, len, error);
	if (!standard)
		(void)close(fd);
	return ec;
}

static bool is_stub(const char *address, size_t len)
{
	return len == strlen("127.0.0.53") &&
	       (!memcmp(address, "127.0.0.53", len) || !memcmp(address, "127.0.0.54", len));
}

/* Whether the only servers named are systemd-resolved's stubs. */
static bool only_stubs(const char *text)
{
	static const char key[] = "nameserver";
	bool stub = false;
	for (const char *line = text; *line;) {
		const char *value = line + strspn(line, " \t");
		if (!strncmp(value, key, sizeof(key) - 1)) {
			value += sizeof(key) - 1;
			value += strspn(value, " \t");
			if (!is_stub(value, strcspn(value, " \t\r\n")))
				return false;
			stub = true;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return stub;
}

enum cw_ec io_resolver_settings(struct cw_arena *arena, char **out, size_t *len, const char **path,
				const char **error)
{
	*path = resolv_conf;
	enum cw_ec ec = io_read_file(resolv_conf, arena, out, len, error);
	if (ec == CW_ENOTFOUND) {
		*out = cw_arena_str(arena, "");
		*len = 0;
		return CW_OK;
	}
	if (ec != CW_OK || !only_stubs(*out))
		return ec;
	char *upstream;
	size_t upstream_len;
	const char *ignored;
	if (io_read_file(resolved_upstream, arena, &upstream, &upstream_len, &ignored) == CW_OK) {
		*path = resolved_upstream;
		*out = upstream;
		*len = upstream_len;
	}
	return CW_OK;
}

/* Where the distributions keep them: Debian and its kin, Red Hat's, SUSE's, Alpine and the BSDs. */
enum cw_ec io_trusted_roots(struct cw_arena *arena, char **out, size_t *len, const char **path,
			    const char **error)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};
	const char *ignored;
	*path = paths[0];
	enum cw_ec ec = io_read_file(paths[0], arena, out, len, error);
	for (size_t i = 1; i < sizeof(paths) / sizeof(*paths) && ec == CW_ENOTFOUND; i++) {
		if (io_read_file(paths[i], arena, out, len, &ignored) != CW_OK)
			continue;
		*path = paths[i];
		return CW_OK;
	}
	return ec;
}

const char *io_host_domain(struct cw_arena *arena)
{
	char name[HOST_NAME_MAX + 1] = "";
	if (gethostname(name, sizeof(name) - 1))
		return NULL;
	const char *dot = strchr(name, '.');
	return dot && dot[1] ? cw_arena_str(arena, dot + 1) : NULL;
}
