/*
 * What `sys.c` uses of Node-API 8 and libuv 1.x, declared here so that a C compiler is all a build needs: both are
 * stable binary interfaces. Where the real headers are at hand, `test/native.test.ts` compiles with both, so that no
 * declaration here can differ from theirs.
 */
#ifndef SYSTOLE_NODE_ABI_H
#define SYSTOLE_NODE_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
enum { napi_undefined = 0, napi_null = 1, napi_number = 3, napi_function = 7, napi_external = 8 };
enum { napi_uint8_array = 1, napi_int32_array = 5 };
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

#endif
