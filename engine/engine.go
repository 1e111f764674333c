// Package engine builds the product's parts for the two processes of the one binary: the
// manager (dashboard, API, database, rows) and the worker (functions). Each opens its
// parts in order, runs them under one group and closes them in reverse.
package engine
