/*
 * The system calls that Node has no door for: sockets of any family, wake-ups through libuv's uv_poll, scheduling,
 * namespaces, page locking. Node-API 8 and libc; no policy: numbers and byte arrays in, a number >= 0 or -errno out.
 *
 * Rules (docs/architecture.md, package sys):
 * - A negative status of a watch means that libuv stopped it; JavaScript reads the socket and starts it again.
 * - A watch is closed first, its descriptor after libuv's close callback has run.
 * - Linked with -z nodelete, and closing waits in an asynchronous cleanup hook: a worker thread that ends with an open
 *   watch must not unmap this code before the close callback.
 * - Exceptions of a callback go to napi_fatal_exception, so that they reach "uncaughtException".
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

enum { MAX_BATCH = 64, MAX_EVENTS = 256 };

/* ---- sockets ------------------------------------------------------------------------------------------------- */

static long sys_socket(struct call *call)
{
	int domain = number(call, 0), type = number(call, 1), protocol = number(call, 2);

	return call->wrong ? 0 : result(socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static long sys_close(struct call *call)
{
	int fd = number(call, 0);

	return call->wrong ? 0 : result(close(fd));
}

static long sys_bind(struct call *call)
{
	int fd = number(call, 0);
	struct bytes address = array(call, 1);

	return call->wrong ? 0 : result(bind(fd, (void *)address.data, (socklen_t)address.length));
}

static long sys_sendto(struct call *call)
{
	int fd = number(call, 0);
	struct bytes data = array(call, 1);
	int flags = number(call, 2);
	struct bytes address = type_of(call, 3) == napi_null ? (struct bytes){ NULL, 0 } : array(call, 3);

	if (call->wrong)
		return 0;
	flags |= MSG_NOSIGNAL;
	return result(sendto(fd, data.data, data.length, flags, (void *)address.data, (socklen_t)address.length));
}

/* recvBatch(fd, into, slot, out, addresses, addressSlot): three numbers in `out` for each datagram. */
static long sys_recv_batch(struct call *call)
{
	int fd = number(call, 0);
	struct bytes into = array(call, 1);
	int64_t slot = integer(call, 2);
	struct bytes out = array(call, 3);
	struct bytes addresses = array(call, 4);
	int64_t address_slot = integer(call, 5);
	struct mmsghdr messages[MAX_BATCH];
	struct iovec vectors[MAX_BATCH];
	struct sockaddr_storage senders[MAX_BATCH]; /* the kernel tells the length of what it cut, so it cuts nothing */
	size_t count;
	int received;

	if (call->wrong)
		return 0;
	count = least(least(slots(into, slot), slots(addresses, address_slot)), least(slots(out, 12), MAX_BATCH));
	if (count == 0)
		return -EINVAL;
	memset(messages, 0, sizeof(*messages) * count);
	for (size_t i = 0; i < count; i++) {
		vectors[i] = (struct iovec){ into.data + i * (size_t)slot, (size_t)slot };
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &senders[i];
		messages[i].msg_hdr.msg_namelen = sizeof senders[i];
	}
	received = recvmmsg(fd, messages, (unsigned int)count, MSG_DONTWAIT, NULL);
	for (int i = 0; i < received; i++) {
		size_t length = least(messages[i].msg_hdr.msg_namelen, (size_t)address_slot);
		int32_t row[3] = { (int32_t)messages[i].msg_len, messages[i].msg_hdr.msg_flags, (int32_t)length };

		memcpy(out.data + (size_t)i * sizeof row, row, sizeof row);
		memcpy(addresses.data + (size_t)i * (size_t)address_slot, &senders[i], length);
	}
	return result(received);
}

/* The value is a number or bytes. Of a packet filter the bytes are the program: the kernel wants its place and length. */
static long sys_setsockopt(struct call *call)
{
	int fd = number(call, 0), level = number(call, 1), option = number(call, 2), value;
	struct bytes bytes = { (uint8_t *)&value, sizeof value };
	struct sock_fprog program;

	if (type_of(call, 3) == napi_number)
		value = number(call, 3);
	else
		bytes = array(call, 3);
	program = (struct sock_fprog){ (unsigned short)(bytes.length / sizeof *program.filter), (void *)bytes.data };
	if (level == SOL_SOCKET && option == SO_ATTACH_FILTER)
		bytes = (struct bytes){ (uint8_t *)&program, sizeof program };
	return call->wrong ? 0 : result(setsockopt(fd, level, option, bytes.data, (socklen_t)bytes.length));
}

static long sys_getsockopt(struct call *call)
{
	int fd = number(call, 0), level = number(call, 1), option = number(call, 2);
	struct bytes into = array(call, 3);
	socklen_t length = (socklen_t)into.length;

	return call->wrong ? 0 : result(getsockopt(fd, level, option, into.data, &length) < 0 ? -1 : (long)length);
}

static long sys_getsockname(struct call *call)
{
	int fd = number(call, 0);
	struct bytes into = array(call, 1);
	socklen_t length = (socklen_t)into.length;

	return call->wrong ? 0 : result(getsockname(fd, (void *)into.data, &length) < 0 ? -1 : (long)length);
}

/*
 * The kernel reads and writes as much as the request says, whatever the array holds: it works on a copy that is large
 * enough for every request of our size encoding and for the old ones without it (struct ifreq, struct timespec).
 */
static long sys_ioctl(struct call *call)
{
	int fd = number(call, 0);
	int64_t request = integer(call, 1);
	struct bytes argument = array(call, 2);
	union {
		uint8_t bytes[1 << _IOC_SIZEBITS];
		long align;
	} copy;
	int returned;

	if (call->wrong)
		return 0;
	if (argument.length > sizeof copy)
		return -EINVAL;
	memset(&copy, 0, sizeof copy);
	memcpy(copy.bytes, argument.data, argument.length);
	returned = ioctl(fd, (unsigned long)request, &copy);
	if (returned >= 0)
		memcpy(argument.data, copy.bytes, argument.length);
	return result(returned);
}

/* ---- streams -------------------------------------------------------------------------------------------------- */

static long sys_epoll_create(struct call *call)
{
	return call->wrong ? 0 : result(epoll_create1(EPOLL_CLOEXEC));
}

/*
 * tcpConnect(epoll, token, address): a descriptor that begins to connect, and that the epoll reports under `token` when
 * it is connected and at each arrival: edges, not levels, so that it is registered once.
 */
static long sys_tcp_connect(struct call *call)
{
	int epoll = number(call, 0), token = number(call, 1), fd;
	struct bytes address = array(call, 2);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	sa_family_t family;
	long error;

	if (call->wrong)
		return 0;
	if (address.length < sizeof family)
		return -EINVAL;
	memcpy(&family, address.data, sizeof family);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	event.data.u64 = (uint64_t)(uint32_t)token << 32 | (uint32_t)fd;
	if ((connect(fd, (void *)address.data, (socklen_t)address.length) == 0 || errno == EINPROGRESS) &&
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* epollWait(epoll, out): three numbers in `out` for each event: token, EPOLL* bits, the socket's error. Never waits. */
static long sys_epoll_wait(struct call *call)
{
	int epoll = number(call, 0), count;
	struct bytes out = array(call, 1);
	struct epoll_event events[MAX_EVENTS];
	size_t room = least(slots(out, 12), MAX_EVENTS);

	if (call->wrong)
		return 0;
	count = room == 0 ? 0 : epoll_wait(epoll, events, (int)room, 0);
	for (int i = 0; i < count; i++) {
		int32_t row[3] = { (int32_t)(events[i].data.u64 >> 32), (int32_t)events[i].events, 0 };
		socklen_t length = sizeof row[2];

		if (events[i].events & EPOLLERR)
			getsockopt((int)(uint32_t)events[i].data.u64, SOL_SOCKET, SO_ERROR, &row[2], &length);
		memcpy(out.data + (size_t)i * sizeof row, row, sizeof row);
	}
	return result(count);
}

static long sys_recv(struct call *call)
{
	int fd = number(call, 0);
	struct bytes into = array(call, 1);

	return call->wrong ? 0 : result(recv(fd, into.data, into.length, MSG_DONTWAIT));
}

static long sys_shutdown(struct call *call)
{
	int fd = number(call, 0), how = number(call, 1);

	return call->wrong ? 0 : result(shutdown(fd, how));
}

/* ---- the process --------------------------------------------------------------------------------------------- */

static long sys_setns(struct call *call)
{
	int fd = number(call, 0), type = number(call, 1);

	return call->wrong ? 0 : result(setns(fd, type));
}

static long sys_sched_setscheduler(struct call *call)
{
	int thread = number(call, 0), policy = number(call, 1);
	struct sched_param parameter = { .sched_priority = number(call, 2) };

	return call->wrong ? 0 : result(sched_setscheduler(thread, policy, &parameter));
}

static long sys_mlock2(struct call *call)
{
	int64_t address = integer(call, 0), length = integer(call, 1);
	int flags = number(call, 2);

	return call->wrong ? 0 : result(syscall(SYS_mlock2, (uintptr_t)address, (size_t)length, flags));
}

/* ---- wake-ups ------------------------------------------------------------------------------------------------ */

static const napi_type_tag watch_tag = { 0x53797374f01e0001, 0x7761746368000001 };

struct watch {
	napi_env env;
	uv_poll_t *handle;
	napi_ref callback;
	napi_ref self; /* keeps the external, and so this struct, alive until libuv let go of the handle */
	napi_async_context context;
	napi_async_cleanup_hook_handle cleanup;
	bool closing;
};

static void collect_watch(napi_env env, void *data, void *hint)
{
	(void)env, (void)hint;
	free(data);
}

/* libuv is done with the handle. Only now may the watch be collected, or the thread end. */
static void on_closed(uv_handle_t *handle)
{
	struct watch *watch = uv_handle_get_data(handle);
	napi_async_cleanup_hook_handle cleanup = watch->cleanup;
	napi_handle_scope scope;

	free(handle);
	watch->handle = NULL;
	if (napi_open_handle_scope(watch->env, &scope) == napi_ok) {
		napi_async_destroy(watch->env, watch->context);
		napi_delete_reference(watch->env, watch->callback);
		napi_delete_reference(watch->env, watch->self);
		napi_close_handle_scope(watch->env, scope);
	}
	napi_remove_async_cleanup_hook(cleanup);
}

static void close_watch(struct watch *watch)
{
	if (watch->closing)
		return;
	watch->closing = true;
	uv_close((uv_handle_t *)watch->handle, on_closed);
}

/* The thread ends: Node waits for us until napi_remove_async_cleanup_hook. */
static void on_thread_end(napi_async_cleanup_hook_handle handle, void *data)
{
	(void)handle;
	close_watch(data);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct watch *watch = uv_handle_get_data((uv_handle_t *)handle);
	napi_env env = watch->env;
	napi_handle_scope scope;
	napi_value global, callback, argument, error;
	bool pending = false;

	(void)events;
	if (watch->closing || napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	if (napi_get_global(env, &global) == napi_ok &&
	    napi_get_reference_value(env, watch->callback, &callback) == napi_ok &&
	    napi_create_int32(env, status, &argument) == napi_ok)
		napi_make_callback(env, watch->context, global, callback, 1, &argument, NULL);
	if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
	    napi_get_and_clear_last_exception(env, &error) == napi_ok)
		napi_fatal_exception(env, error);
	napi_close_handle_scope(env, scope);
}

/* Makes the JavaScript side of a watch whose libuv handle is ready. */
static bool adopt_watch(struct watch *watch, napi_value callback, napi_value *external)
{
	napi_env env = watch->env;
	napi_value name;

	return napi_create_string_utf8(env, "systole:watch", NAPI_AUTO_LENGTH, &name) == napi_ok &&
	       napi_create_external(env, watch, collect_watch, NULL, external) == napi_ok &&
	       napi_type_tag_object(env, *external, &watch_tag) == napi_ok &&
	       napi_create_reference(env, *external, 1, &watch->self) == napi_ok &&
	       napi_create_reference(env, callback, 1, &watch->callback) == napi_ok &&
	       napi_async_init(env, NULL, name, &watch->context) == napi_ok &&
	       napi_add_async_cleanup_hook(env, on_thread_end, watch, &watch->cleanup) == napi_ok;
}

static long sys_poll_open(struct call *call)
{
	int fd = number(call, 0), error;
	struct watch *watch;
	uv_loop_t *loop;

	if (type_of(call, 1) != napi_function)
		refuse(call, "sys: expected a function");
	if (call->wrong || napi_get_uv_event_loop(call->env, &loop) != napi_ok)
		return 0;
	watch = calloc(1, sizeof *watch);
	if (watch == NULL)
		return -ENOMEM;
	watch->env = call->env;
	watch->handle = calloc(1, uv_handle_size(UV_POLL));
	error = watch->handle == NULL ? -ENOMEM : uv_poll_init(loop, watch->handle, fd);
	if (error < 0) {
		free(watch->handle);
		free(watch);
		return error;
	}
	uv_handle_set_data((uv_handle_t *)watch->handle, watch);
	/* If it fails Node is out of memory and about to abort, and libuv holds the handle: both are leaked. */
	return adopt_watch(watch, call->argument[1], &call->value) ? 0 : -ENOMEM;
}

/* The watch in argument 0; NULL, with a TypeError pending, for anything else. */
static struct watch *watch_argument(struct call *call)
{
	bool is_watch = false;
	void *data = NULL;

	if (type_of(call, 0) == napi_external &&
	    napi_check_object_type_tag(call->env, call->argument[0], &watch_tag, &is_watch) == napi_ok && is_watch)
		napi_get_value_external(call->env, call->argument[0], &data);
	if (data == NULL)
		refuse(call, "sys: expected a watch");
	return data;
}

static long sys_poll_start(struct call *call)
{
	struct watch *watch = watch_argument(call);

	return call->wrong ? 0 : watch->closing ? -EBADF : uv_poll_start(watch->handle, UV_READABLE, on_readable);
}

/* What arrives waits in the socket until the next start. */
static long sys_poll_stop(struct call *call)
{
	struct watch *watch = watch_argument(call);

	return call->wrong ? 0 : watch->closing ? -EBADF : uv_poll_stop(watch->handle);
}

static long sys_poll_ref(struct call *call)
{
	struct watch *watch = watch_argument(call);
	bool keeps_alive = false;

	if (watch != NULL && napi_get_value_bool(call->env, call->argument[1], &keeps_alive) != napi_ok)
		refuse(call, "sys: expected a boolean");
	if (call->wrong)
		return 0;
	if (watch->closing)
		return -EBADF;
	(keeps_alive ? uv_ref : uv_unref)((uv_handle_t *)watch->handle);
	return 0;
}

static long sys_poll_close(struct call *call)
{
	struct watch *watch = watch_argument(call);

	if (watch != NULL)
		close_watch(watch);
	return 0;
}

/* ---- the module ---------------------------------------------------------------------------------------------- */

static const struct function {
	const char *name;
	long (*run)(struct call *);
} functions[] = {
	{ "socket", sys_socket },
	{ "close", sys_close },
	{ "bind", sys_bind },
	{ "sendto", sys_sendto },
	{ "recvBatch", sys_recv_batch },
	{ "setsockopt", sys_setsockopt },
	{ "getsockopt", sys_getsockopt },
	{ "getsockname", sys_getsockname },
	{ "ioctl", sys_ioctl },
	{ "epollCreate", sys_epoll_create },
	{ "epollWait", sys_epoll_wait },
	{ "tcpConnect", sys_tcp_connect },
	{ "recv", sys_recv },
	{ "shutdown", sys_shutdown },
	{ "setns", sys_setns },
	{ "schedSetscheduler", sys_sched_setscheduler },
	{ "mlock2", sys_mlock2 },
	{ "pollOpen", sys_poll_open },
	{ "pollStart", sys_poll_start },
	{ "pollStop", sys_poll_stop },
	{ "pollRef", sys_poll_ref },
	{ "pollClose", sys_poll_close },
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/* Every call from JavaScript: `data` is the function's row above. */
static napi_value invoke(napi_env env, napi_callback_info info)
{
	struct call call = { .env = env };
	size_t count = MAX_ARGUMENTS; /* Node-API fills the rest with undefined */
	void *data;
	long returned;

	if (napi_get_cb_info(env, info, &count, call.argument, NULL, &data) != napi_ok)
		return NULL;
	returned = ((const struct function *)data)->run(&call);
	if (!call.wrong && call.value == NULL)
		napi_create_int32(env, (int32_t)returned, &call.value);
	return call.wrong ? NULL : call.value;
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void)
{
	return 8;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	napi_property_descriptor properties[FUNCTIONS];
	const char *name = uv_handle_type_name(UV_POLL);

	if (name == NULL || strcmp(name, "poll") != 0) {
		napi_throw_type_error(env, "ERR_SYSTOLE_LIBUV", "sys: this libuv numbers its handles differently");
		return NULL;
	}
	for (int i = 0; i < FUNCTIONS; i++)
		properties[i] = (napi_property_descriptor){ .utf8name = functions[i].name, .method = invoke,
							    .attributes = napi_enumerable, .data = (void *)&functions[i] };
	napi_define_properties(env, exports, FUNCTIONS, properties);
	return exports;
}
