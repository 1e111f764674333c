package webapi

import (
	"time"

	"github.com/dop251/goja"
)

// Performance of High Resolution Time, section 7, and Navigator of the HTML standard,
// section 8.10, as far as WinterTC's Minimum Common API (ECMA-429) has them.

func performanceClass() *class {
	return &class{name: "Performance", members: []member{
		operation("now", 0, func(c invocation) goja.Value {
			c.singleton(classPerformance)
			return c.vm.ToValue(milliseconds(time.Since(c.began)))
		}),
		attribute("timeOrigin", func(c invocation) goja.Value {
			c.singleton(classPerformance)
			return c.vm.ToValue(c.timeOrigin())
		}),
		operation("toJSON", 0, func(c invocation) goja.Value {
			c.singleton(classPerformance)
			object := c.vm.NewObject()
			must(object.Set("timeOrigin", c.timeOrigin()))
			return object
		}),
	}}
}

func (r *realm) timeOrigin() float64 { return float64(r.began.UnixMicro()) / 1000 }

// milliseconds has microseconds as its last digit.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// userAgent is one product token, as ECMA-429 asks.
const userAgent = "PiCloud"

func navigatorClass() *class {
	return &class{name: "Navigator", members: []member{
		attribute("userAgent", func(c invocation) goja.Value {
			c.singleton(classNavigator)
			return c.vm.ToValue(userAgent)
		}),
	}}
}
