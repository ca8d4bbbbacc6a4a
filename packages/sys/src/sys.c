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
 *
 * The declarations of Node-API and libuv that we use stand here, so that a C compiler is all a build needs: both are
 * stable binary interfaces. Where the real headers are at hand, `test/headers.test.ts` compiles this file with both, so that
 * no declaration here can differ from theirs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Node-API 8 and libuv 1.x ------------------------------------------------------------------------------- */

#ifdef SYSTOLE_REAL_HEADERS
#include <node_api.h>
#include <uv.h>
#else
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_ref__ *napi_ref;
typedef struct napi_handle_scope__ *napi_handle_scope;
typedef struct napi_callback_info__ *napi_callback_info;
typedef struct napi_async_context__ *napi_async_context;
typedef struct napi_async_cleanup_hook_handle__ *napi_async_cleanup_hook_handle;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef void (*napi_finalize)(napi_env, void *, void *);
typedef void (*napi_async_cleanup_hook)(napi_async_cleanup_hook_handle, void *);
typedef struct {
	uint64_t lower;
	uint64_t upper;
} napi_type_tag;
typedef struct {
	const char *utf8name;
	napi_value name;
	napi_callback method, getter, setter;
	napi_value value;
	int attributes;
	void *data;
} napi_property_descriptor;
typedef int napi_status;         /* enum, 0 is napi_ok */
typedef int napi_valuetype;      /* enum */
typedef int napi_typedarray_type; /* enum */
enum { napi_ok = 0 };
enum { napi_null = 1 };
enum { napi_int8_array, napi_uint8_array, napi_uint8_clamped_array, napi_int16_array, napi_uint16_array, napi_int32_array };
enum { napi_enumerable = 2 };
#define NAPI_AUTO_LENGTH SIZE_MAX

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
typedef void (*uv_poll_cb)(uv_poll_t *, int, int);
typedef void (*uv_close_cb)(uv_handle_t *);
typedef int uv_handle_type;
enum { UV_POLL = 8 };     /* of uv_handle_type; checked by name at load */
enum { UV_READABLE = 1 }; /* of uv_poll_event */
#endif

_Static_assert(sizeof(napi_property_descriptor) == 64, "napi_property_descriptor");
_Static_assert(sizeof(napi_status) == 4 && sizeof(napi_typedarray_type) == 4, "enums are four bytes");

napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
napi_status napi_get_value_int64(napi_env, napi_value, int64_t *);
napi_status napi_get_value_bool(napi_env, napi_value, bool *);
napi_status napi_get_value_external(napi_env, napi_value, void **);
napi_status napi_get_typedarray_info(napi_env, napi_value, napi_typedarray_type *, size_t *, void **, napi_value *,
				     size_t *);
napi_status napi_is_typedarray(napi_env, napi_value, bool *);
napi_status napi_typeof(napi_env, napi_value, napi_valuetype *);
napi_status napi_create_int32(napi_env, int32_t, napi_value *);
napi_status napi_create_external(napi_env, void *, napi_finalize, void *, napi_value *);
napi_status napi_create_string_utf8(napi_env, const char *, size_t, napi_value *);
napi_status napi_get_global(napi_env, napi_value *);
napi_status napi_create_reference(napi_env, napi_value, uint32_t, napi_ref *);
napi_status napi_delete_reference(napi_env, napi_ref);
napi_status napi_get_reference_value(napi_env, napi_ref, napi_value *);
napi_status napi_open_handle_scope(napi_env, napi_handle_scope *);
napi_status napi_close_handle_scope(napi_env, napi_handle_scope);
napi_status napi_async_init(napi_env, napi_value, napi_value, napi_async_context *);
napi_status napi_async_destroy(napi_env, napi_async_context);
napi_status napi_make_callback(napi_env, napi_async_context, napi_value, napi_value, size_t, const napi_value *,
			       napi_value *);
napi_status napi_is_exception_pending(napi_env, bool *);
napi_status napi_get_and_clear_last_exception(napi_env, napi_value *);
napi_status napi_fatal_exception(napi_env, napi_value);
napi_status napi_throw_type_error(napi_env, const char *, const char *);
napi_status napi_define_properties(napi_env, napi_value, size_t, const napi_property_descriptor *);
napi_status napi_type_tag_object(napi_env, napi_value, const napi_type_tag *);
napi_status napi_check_object_type_tag(napi_env, napi_value, const napi_type_tag *, bool *);
napi_status napi_add_async_cleanup_hook(napi_env, napi_async_cleanup_hook, void *, napi_async_cleanup_hook_handle *);
napi_status napi_remove_async_cleanup_hook(napi_async_cleanup_hook_handle);

size_t uv_handle_size(uv_handle_type);
const char *uv_handle_type_name(uv_handle_type);
void *uv_handle_get_data(const uv_handle_t *);
void uv_handle_set_data(uv_handle_t *, void *);
int uv_poll_init(uv_loop_t *, uv_poll_t *, int);
int uv_poll_start(uv_poll_t *, int, uv_poll_cb);
int uv_poll_stop(uv_poll_t *);
void uv_close(uv_handle_t *, uv_close_cb);
void uv_ref(uv_handle_t *);
void uv_unref(uv_handle_t *);
napi_status napi_get_uv_event_loop(napi_env, uv_loop_t **);

/* ---- arguments and results ----------------------------------------------------------------------------------- */

enum { MAX_ARGUMENTS = 6, MAX_BATCH = 64 };

/* The arguments of one call. `wrong` is set by the first one of another type; then a TypeError is pending. */
struct call {
	napi_env env;
	napi_value argument[MAX_ARGUMENTS];
	bool wrong;
};

struct bytes {
	uint8_t *data; /* NULL for a JavaScript null */
	size_t length;
};

static struct call arguments(napi_env env, napi_callback_info info)
{
	struct call call = { .env = env };
	size_t count = MAX_ARGUMENTS; /* Node-API fills the rest with undefined */

	if (napi_get_cb_info(env, info, &count, call.argument, NULL, NULL) != napi_ok)
		call.wrong = true;
	return call;
}

static void refuse(struct call *call, const char *expected)
{
	if (!call->wrong)
		napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", expected);
	call->wrong = true;
}

static int64_t integer(struct call *call, int index)
{
	int64_t value = 0;

	if (napi_get_value_int64(call->env, call->argument[index], &value) != napi_ok)
		refuse(call, "sys: expected a number");
	return value;
}

static int number(struct call *call, int index)
{
	return (int)integer(call, index);
}

static struct bytes array(struct call *call, int index)
{
	struct bytes bytes = { NULL, 0 };
	napi_typedarray_type type;
	size_t elements;
	void *data;
	bool is = false;

	if (napi_is_typedarray(call->env, call->argument[index], &is) != napi_ok || !is ||
	    napi_get_typedarray_info(call->env, call->argument[index], &type, &elements, &data, NULL, NULL) != napi_ok ||
	    (type != napi_uint8_array && type != napi_int32_array)) {
		refuse(call, "sys: expected a Uint8Array or Int32Array");
		return bytes;
	}
	/* an empty array may have no memory: NULL means "null" to our callers, so point at something */
	static uint8_t nothing;
	bytes.data = data ? data : &nothing;
	bytes.length = elements * (type == napi_int32_array ? 4 : 1);
	return bytes;
}

static struct bytes array_or_null(struct call *call, int index)
{
	napi_valuetype type;

	if (napi_typeof(call->env, call->argument[index], &type) == napi_ok && type == napi_null)
		return (struct bytes){ NULL, 0 };
	return array(call, index);
}

static napi_value answer(napi_env env, int value)
{
	napi_value result = NULL;

	napi_create_int32(env, value, &result);
	return result;
}

/* What a system call returned, as number or -errno. */
static napi_value result(napi_env env, long returned)
{
	return answer(env, returned < 0 ? -errno : (int)returned);
}

/* ---- sockets ------------------------------------------------------------------------------------------------- */

static napi_value sys_socket(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int domain = number(&call, 0), type = number(&call, 1), protocol = number(&call, 2);

	return call.wrong ? NULL : result(env, socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

static napi_value sys_close(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);

	return call.wrong ? NULL : result(env, close(fd));
}

static napi_value sys_bind(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	struct bytes address = array(&call, 1);

	return call.wrong ? NULL : result(env, bind(fd, (void *)address.data, (socklen_t)address.length));
}

static napi_value sys_connect(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	struct bytes address = array(&call, 1);

	return call.wrong ? NULL : result(env, connect(fd, (void *)address.data, (socklen_t)address.length));
}

static napi_value sys_sendto(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	struct bytes data = array(&call, 1);
	int flags = number(&call, 2);
	struct bytes address = array_or_null(&call, 3);

	if (call.wrong)
		return NULL;
	return result(env, sendto(fd, data.data, data.length, flags | MSG_NOSIGNAL, (void *)address.data,
				  (socklen_t)address.length));
}

static napi_value sys_recv(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	struct bytes into = array(&call, 1);
	int flags = number(&call, 2);

	return call.wrong ? NULL : result(env, recv(fd, into.data, into.length, flags | MSG_DONTWAIT));
}

/* How many whole slots of `slot` bytes fit; 0 for a slot that is none. */
static size_t slots(struct bytes bytes, int64_t slot)
{
	return slot > 0 ? bytes.length / (size_t)slot : 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* recvBatch(fd, into, slot, out, addresses, addressSlot): three numbers in `out` for each datagram. */
static napi_value sys_recv_batch(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	struct bytes into = array(&call, 1);
	int64_t slot = integer(&call, 2);
	struct bytes out = array(&call, 3);
	struct bytes addresses = array(&call, 4);
	int64_t address_slot = integer(&call, 5);
	struct mmsghdr messages[MAX_BATCH];
	struct iovec vectors[MAX_BATCH];
	struct sockaddr_storage senders[MAX_BATCH]; /* the kernel tells the length of what it cut, so it cuts nothing */
	size_t count;
	int received;

	if (call.wrong)
		return NULL;
	count = least(least(slots(into, slot), slots(addresses, address_slot)), least(slots(out, 12), MAX_BATCH));
	if (count == 0)
		return answer(env, -EINVAL);
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
	return result(env, received);
}

static napi_value sys_setsockopt(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0), level = number(&call, 1), option = number(&call, 2);
	bool is_array = false;

	napi_is_typedarray(env, call.argument[3], &is_array);
	if (is_array) {
		struct bytes value = array(&call, 3);

		return call.wrong ? NULL
				  : result(env, setsockopt(fd, level, option, value.data, (socklen_t)value.length));
	}
	int value = number(&call, 3);

	return call.wrong ? NULL : result(env, setsockopt(fd, level, option, &value, sizeof value));
}

static napi_value sys_getsockopt(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0), level = number(&call, 1), option = number(&call, 2);
	struct bytes into = array(&call, 3);
	socklen_t length = (socklen_t)into.length;

	if (call.wrong)
		return NULL;
	return result(env, getsockopt(fd, level, option, into.data, &length) < 0 ? -1 : (long)length);
}

static napi_value sys_getsockname(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	struct bytes into = array(&call, 1);
	socklen_t length = (socklen_t)into.length;

	if (call.wrong)
		return NULL;
	return result(env, getsockname(fd, (void *)into.data, &length) < 0 ? -1 : (long)length);
}

/*
 * The kernel reads and writes as much as the request says, whatever the array holds: it works on a copy that is large
 * enough for every request of our size encoding and for the old ones without it (struct ifreq, struct timespec).
 */
static napi_value sys_ioctl(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0);
	int64_t request = integer(&call, 1);
	struct bytes argument = array(&call, 2);
	union {
		uint8_t bytes[1 << _IOC_SIZEBITS];
		long align;
	} copy;
	int returned;

	if (call.wrong)
		return NULL;
	if (argument.length > sizeof copy)
		return answer(env, -EINVAL);
	memset(&copy, 0, sizeof copy);
	memcpy(copy.bytes, argument.data, argument.length);
	returned = ioctl(fd, (unsigned long)request, &copy);
	if (returned >= 0)
		memcpy(argument.data, copy.bytes, argument.length);
	return result(env, returned);
}

/* ---- the process --------------------------------------------------------------------------------------------- */

static napi_value sys_setns(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0), type = number(&call, 1);

	return call.wrong ? NULL : result(env, setns(fd, type));
}

static napi_value sys_sched_setscheduler(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int thread = number(&call, 0), policy = number(&call, 1);
	struct sched_param parameter = { .sched_priority = number(&call, 2) };

	return call.wrong ? NULL : result(env, sched_setscheduler(thread, policy, &parameter));
}

static napi_value sys_mlock2(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	uintptr_t address = (uintptr_t)integer(&call, 0);
	size_t length = (size_t)integer(&call, 1);
	int flags = number(&call, 2);

	return call.wrong ? NULL : result(env, syscall(SYS_mlock2, address, length, flags));
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
	(void)env;
	(void)hint;
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

static napi_value sys_poll_open(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	int fd = number(&call, 0), error;
	struct watch *watch;
	uv_loop_t *loop;
	napi_value external = NULL;

	if (call.wrong || napi_get_uv_event_loop(env, &loop) != napi_ok)
		return NULL;
	watch = calloc(1, sizeof *watch);
	if (watch == NULL)
		return answer(env, -ENOMEM);
	watch->env = env;
	watch->handle = calloc(1, uv_handle_size(UV_POLL));
	error = watch->handle == NULL ? -ENOMEM : uv_poll_init(loop, watch->handle, fd);
	if (error < 0) {
		free(watch->handle);
		free(watch);
		return answer(env, error);
	}
	uv_handle_set_data((uv_handle_t *)watch->handle, watch);
	/* Out of memory inside Node: it is about to abort, and libuv still holds the handle. Leak both. */
	return adopt_watch(watch, call.argument[1], &external) ? external : NULL;
}

/* The watch in argument 0; NULL, with a TypeError pending, for anything else. */
static struct watch *watch_argument(struct call *call)
{
	bool is_watch = false;
	void *data = NULL;

	if (napi_check_object_type_tag(call->env, call->argument[0], &watch_tag, &is_watch) != napi_ok || !is_watch ||
	    napi_get_value_external(call->env, call->argument[0], &data) != napi_ok) {
		bool pending = false;

		if (napi_is_exception_pending(call->env, &pending) == napi_ok && pending)
			call->wrong = true;
		refuse(call, "sys: expected a watch");
		return NULL;
	}
	return data;
}

static napi_value sys_poll_start(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	struct watch *watch = watch_argument(&call);

	if (watch == NULL)
		return NULL;
	return answer(env, watch->closing ? -EBADF : uv_poll_start(watch->handle, UV_READABLE, on_readable));
}

static napi_value sys_poll_stop(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	struct watch *watch = watch_argument(&call);

	if (watch == NULL)
		return NULL;
	return answer(env, watch->closing ? -EBADF : uv_poll_stop(watch->handle));
}

static napi_value sys_poll_ref(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	struct watch *watch = watch_argument(&call);
	bool keeps_alive = false;

	if (watch == NULL)
		return NULL;
	if (napi_get_value_bool(env, call.argument[1], &keeps_alive) != napi_ok) {
		refuse(&call, "sys: expected a boolean");
		return NULL;
	}
	if (watch->closing)
		return answer(env, -EBADF);
	(keeps_alive ? uv_ref : uv_unref)((uv_handle_t *)watch->handle);
	return answer(env, 0);
}

static napi_value sys_poll_close(napi_env env, napi_callback_info info)
{
	struct call call = arguments(env, info);
	struct watch *watch = watch_argument(&call);

	if (watch == NULL)
		return NULL;
	close_watch(watch);
	return answer(env, 0);
}

/* ---- the module ---------------------------------------------------------------------------------------------- */

#define FUNCTION(name, function) { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void)
{
	return 8;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	static const napi_property_descriptor functions[] = {
		FUNCTION("socket", sys_socket),
		FUNCTION("close", sys_close),
		FUNCTION("bind", sys_bind),
		FUNCTION("connect", sys_connect),
		FUNCTION("sendto", sys_sendto),
		FUNCTION("recv", sys_recv),
		FUNCTION("recvBatch", sys_recv_batch),
		FUNCTION("setsockopt", sys_setsockopt),
		FUNCTION("getsockopt", sys_getsockopt),
		FUNCTION("getsockname", sys_getsockname),
		FUNCTION("ioctl", sys_ioctl),
		FUNCTION("setns", sys_setns),
		FUNCTION("schedSetscheduler", sys_sched_setscheduler),
		FUNCTION("mlock2", sys_mlock2),
		FUNCTION("pollOpen", sys_poll_open),
		FUNCTION("pollStart", sys_poll_start),
		FUNCTION("pollStop", sys_poll_stop),
		FUNCTION("pollRef", sys_poll_ref),
		FUNCTION("pollClose", sys_poll_close),
	};
	const char *name = uv_handle_type_name(UV_POLL);

	if (name == NULL || strcmp(name, "poll") != 0) {
		napi_throw_type_error(env, "ERR_SYSTOLE_LIBUV", "sys: this libuv numbers its handles differently");
		return NULL;
	}
	napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
	return exports;
}
