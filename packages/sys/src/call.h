/*
 * One call from JavaScript: its arguments, checked, and its result. A wrong type leaves a TypeError pending and sets
 * `wrong`; what a system call returns is a number >= 0 or -errno.
 */
#ifndef SYSTOLE_CALL_H
#define SYSTOLE_CALL_H

#include <errno.h>

#include "node-abi.h"

enum { MAX_ARGUMENTS = 6 };

/* One call. `wrong` is set by the first argument of another type; then a TypeError is pending. */
struct call {
	napi_env env;
	napi_value argument[MAX_ARGUMENTS];
	bool wrong;
	napi_value value; /* what is answered if it is not the number that the function returns */
};

struct bytes {
	uint8_t *data; /* NULL for a JavaScript null */
	size_t length;
};

static inline void refuse(struct call *call, const char *expected)
{
	if (!call->wrong)
		napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", expected);
	call->wrong = true;
}

static inline int64_t integer(struct call *call, int index)
{
	int64_t value = 0;

	if (napi_get_value_int64(call->env, call->argument[index], &value) != napi_ok)
		refuse(call, "sys: expected a number");
	return value;
}

static inline int number(struct call *call, int index)
{
	return (int)integer(call, index);
}

static inline struct bytes array(struct call *call, int index)
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

static inline napi_valuetype type_of(struct call *call, int index)
{
	napi_valuetype type;

	return napi_typeof(call->env, call->argument[index], &type) == napi_ok ? type : napi_undefined;
}

/* What a system call returned, as number or -errno. */
static inline long result(long returned)
{
	return returned < 0 ? -errno : returned;
}

/* How many whole slots of `slot` bytes fit; 0 for a slot that is none. */
static inline size_t slots(struct bytes bytes, int64_t slot)
{
	return slot > 0 ? bytes.length / (size_t)slot : 0;
}

static inline size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

#endif
