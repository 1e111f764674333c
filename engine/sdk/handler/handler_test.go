package handler_test

import (
	"os"
	"testing"

	"picloud/engine/js"
)

func TestMain(m *testing.M) {
	js.SetUp()
	os.Exit(m.Run())
}
