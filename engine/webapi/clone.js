// structuredClone of the HTML standard, sections 2.7.3 to 2.7.6. Written in JavaScript so
// that a run's limits reach every step of it.
(function (kindOf, fail, copy, detach) {
	"use strict";
	const maxDepth = 500;
	const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
	const views = {
		DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
		Float32Array, Float64Array, BigInt64Array, BigUint64Array,
	};
	const { create, defineProperty, keys, hasOwn, getOwnPropertyDescriptor } = Object;

	function put(object, key, value) {
		defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
	}

	function cloneError(error, seen, depth) {
		const name = String(error.name);
		const Type = hasOwn(errors, name) ? errors[name] : Error;
		const message = getOwnPropertyDescriptor(error, "message");
		const result = message && "value" in message ? new Type(String(message.value)) : new Type();
		seen.set(error, result);
		defineProperty(result, "stack", { value: String(error.stack), writable: true, configurable: true });
		if (hasOwn(error, "cause")) {
			const value = clone(error.cause, seen, depth);
			defineProperty(result, "cause", { value, writable: true, configurable: true });
		}
		return result;
	}

	function cloneView(view, Type, seen, depth) {
		const buffer = clone(view.buffer, seen, depth);
		return new Type(buffer, view.byteOffset, Type === DataView ? view.byteLength : view.length);
	}

	function cloneMap(map, seen, depth) {
		const result = new Map();
		seen.set(map, result);
		for (const [key, value] of [...map]) result.set(clone(key, seen, depth), clone(value, seen, depth));
		return result;
	}

	function cloneSet(set, seen, depth) {
		const result = new Set();
		seen.set(set, result);
		for (const value of [...set]) result.add(clone(value, seen, depth));
		return result;
	}

	function cloneProperties(object, result, seen, depth) {
		seen.set(object, result);
		for (const key of keys(object)) {
			if (hasOwn(object, key)) put(result, key, clone(object[key], seen, depth));
		}
		return result;
	}

	function clone(value, seen, depth) {
		if (typeof value === "symbol" || typeof value === "function") fail(`a ${typeof value} cannot be cloned`);
		if (value === null || typeof value !== "object") return value;
		if (seen.has(value)) return seen.get(value);
		if (++depth > maxDepth) fail(`the value is nested deeper than ${maxDepth}`);
		const kind = kindOf(value);
		let result;
		switch (kind) {
		case "Object": return cloneProperties(value, {}, seen, depth);
		case "Array": {
			const list = [];
			list.length = value.length;
			return cloneProperties(value, list, seen, depth);
		}
		case "Map": return cloneMap(value, seen, depth);
		case "Set": return cloneSet(value, seen, depth);
		case "Error": return cloneError(value, seen, depth);
		case "Date": result = new Date(Date.prototype.getTime.call(value)); break;
		case "RegExp": result = new RegExp(value.source, value.flags); break;
		case "Boolean": result = Object(Boolean.prototype.valueOf.call(value)); break;
		case "Number": result = Object(Number.prototype.valueOf.call(value)); break;
		case "String": result = Object(String.prototype.valueOf.call(value)); break;
		case "BigInt": result = Object(BigInt.prototype.valueOf.call(value)); break;
		case "ArrayBuffer": result = value.slice(0); break;
		case "Blob": result = copy(value); break;
		default:
			if (!hasOwn(views, kind)) fail(`${kind} cannot be cloned`);
			result = cloneView(value, views[kind], seen, depth);
		}
		seen.set(value, result);
		return result;
	}

	return {
		structuredClone(value, options = undefined) {
			if (arguments.length === 0) throw new TypeError("structuredClone needs 1 argument, but got 0");
			const transfer = options === undefined || options === null ? undefined : options.transfer;
			const list = transfer === undefined ? [] : [...transfer];
			for (const item of list) {
				if (item === null || typeof item !== "object" || kindOf(item) !== "ArrayBuffer") fail("only an ArrayBuffer can be transferred");
			}
			if (new Set(list).size !== list.length) fail("a buffer is transferred twice");
			const result = clone(value, new Map(), 0);
			for (const item of list) detach(item);
			return result;
		},
	}.structuredClone;
})
