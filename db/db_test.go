package db_test

import (
	"testing"

	"picloud/db/dbtest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t)
	var n int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM users").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if err := dbtest.WorkerPool(t, pool).QueryRow(t.Context(), "SELECT count(*) FROM scripts").Scan(&n); err != nil {
		t.Fatal(err)
	}
}
