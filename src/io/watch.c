#include <stdlib.h>

#include "io/loop_private.h"

static void polled(uv_poll_t *poll, int status, int events)
{
	(void)events;
	struct io_watch *w = poll->data;
	/* libuv stops watching a socket that has an error to tell; ready() takes the error away. */
	if (status < 0)
		w->active = false;
	w->ready(w);
	if (!w->closed && !w->active)
		(void)io_watch_for(w, w->wanted);
}

int io_watch_open(struct io_watch *w, struct io_loop *loop, uv_os_sock_t sock,
		  void (*ready)(struct io_watch *w))
{
	int error = uv_poll_init_socket(&loop->uv, &w->poll, sock);
	if (error) {
		io_sys_close(sock);
		return -error;
	}
	w->poll.data = w;
	w->loop = loop;
	w->sock = sock;
	w->ready = ready;
	w->next = loop->watches;
	w->link = &loop->watches;
	if (w->next)
		w->next->link = &w->next;
	loop->watches = w;
	return 0;
}

void io_watch_background(struct io_watch *w)
{
	uv_unref((uv_handle_t *)&w->poll);
}

int io_watch_for(struct io_watch *w, int events)
{
	if (w->active && w->wanted == events)
		return 0;
	w->wanted = events;
	int error = uv_poll_start(&w->poll, events, polled);
	w->active = !error;
	return -error;
}

static void watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void io_watch_close(struct io_watch *w)
{
	if (w->closed)
		return;
	w->closed = true;
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	uv_close((uv_handle_t *)&w->poll, watch_closed);
	io_sys_close(w->sock);
}
