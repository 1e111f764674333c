const codes = {
	INDEX_SIZE_ERR: 1, DOMSTRING_SIZE_ERR: 2, HIERARCHY_REQUEST_ERR: 3, WRONG_DOCUMENT_ERR: 4, INVALID_CHARACTER_ERR: 5, NO_DATA_ALLOWED_ERR: 6,
	NO_MODIFICATION_ALLOWED_ERR: 7, NOT_FOUND_ERR: 8, NOT_SUPPORTED_ERR: 9, INUSE_ATTRIBUTE_ERR: 10, INVALID_STATE_ERR: 11, SYNTAX_ERR: 12,
	INVALID_MODIFICATION_ERR: 13, NAMESPACE_ERR: 14, INVALID_ACCESS_ERR: 15, VALIDATION_ERR: 16, TYPE_MISMATCH_ERR: 17, SECURITY_ERR: 18,
	NETWORK_ERR: 19, ABORT_ERR: 20, URL_MISMATCH_ERR: 21, QUOTA_EXCEEDED_ERR: 22, TIMEOUT_ERR: 23, INVALID_NODE_TYPE_ERR: 24, DATA_CLONE_ERR: 25,
};

test(() => {
	const e = new DOMException("text", "AbortError");
	assert_true(e instanceof Error && e instanceof DOMException);
	assert_equals(Object.getPrototypeOf(DOMException.prototype), Error.prototype);
	assert_equals(e.name, "AbortError");
	assert_equals(e.message, "text");
	assert_equals(e.code, 20);
	assert_equals(String(e), "AbortError: text");
	assert_equals(Object.prototype.toString.call(e), "[object DOMException]");
	assert_true(e.stack.startsWith("AbortError: text\n    at "), e.stack);
	assert_array_equals(Object.keys(e), []);
	const d = new DOMException();
	assert_array_equals([d.name, d.message, d.code], ["Error", "", 0]);
	assert_equals(new DOMException(undefined, undefined).name, "Error");
	assert_equals(new DOMException("x", "NoSuchName").code, 0);
	assert_equals(new DOMException("x", "DataCloneError").code, 25);
	for (const unused of ["DOMStringSizeError", "NoDataAllowedError", "ValidationError"]) assert_equals(new DOMException("", unused).code, 0);
	assert_equals(DOMException.length, 0);
}, "making");

test(() => {
	for (const key of Object.keys(codes)) {
		assert_equals(DOMException[key], codes[key], key);
		assert_equals(DOMException.prototype[key], codes[key], key);
		assert_equals(new DOMException()[key], codes[key], key);
	}
	assert_throws_js(TypeError, () => { DOMException.ABORT_ERR = 1; });
	assert_throws_js(TypeError, () => { new DOMException().name = "x"; });
	assert_throws_js(TypeError, () => DOMException.prototype.name);
}, "constants and read-only members");

promise_test(async () => {
	const e = new DOMException("gone", "NotFoundError");
	try { await Promise.reject(e); } catch (caught) { assert_equals(caught, e); }
	class Mine extends DOMException { constructor() { super("m", "MineError"); } }
	const m = new Mine();
	assert_true(m instanceof Mine && m instanceof Error);
	assert_equals(m.name, "MineError");
}, "throwing and subclassing");
