package dashboard

import (
	"strings"
	"testing"

	"picloud/engine/call"
	"picloud/engine/execution"
)

func TestAdviceRepeatsNothing(t *testing.T) {
	t.Parallel()
	limit := execution.Limit{Name: "cpu", Value: 2000, Unit: "ms"}
	told := advice(call.CPU, limit, "The run executed longer than its limit of 2s. The limit is set by --cpu-limit.")
	if strings.Contains(told, "--cpu-limit") || strings.Contains(told, "2,000") {
		t.Error(told)
	}
	if untold := advice(call.CPU, limit, ""); !strings.Contains(untold, "(2,000 ms) with --cpu-limit.") {
		t.Error(untold)
	}
}
