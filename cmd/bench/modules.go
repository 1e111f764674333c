package main

import (
	"fmt"
	"strings"
	"time"
)

// followers is how many functions follow the module that is published.
const followers = 20

// modules measures a function whose code is in modules beside the same code in one file, and a
// module that others follow.
func modules(p *product, how plan) ([]row, error) {
	const items = "Array.from({ length: 20 }, (_, n) => ({ price: n, count: 2 }))"
	tax := `export const rate = 1.19; export const round = (n) => Math.round(n * 100) / 100;`
	pricing := `export const total = (items) => items.reduce((sum, item) => sum + item.price * item.count, 0);`
	format := `export const money = (n) => n.toFixed(2) + " EUR";`
	handler := "export default () => money(round(total(" + items + ") * rate));"
	for name, source := range map[string]string{"tax": tax, "pricing": pricing, "format": format} {
		if err := p.module(name, source, nil); err != nil {
			return nil, err
		}
	}
	err := p.publish("in-modules", `import { rate, round } from "app:tax"; import { total } from "app:pricing"; import { money } from "app:format";`+handler)
	if err != nil {
		return nil, err
	}
	if err := p.publish("in-one", strings.ReplaceAll(tax+pricing+format, "export const", "const")+handler); err != nil {
		return nil, err
	}
	compared, err := p.besides("in-modules", "in-one", how)
	if err != nil {
		return nil, err
	}
	followed, err := p.follow()
	return []row{compared, followed}, err
}

// besides compares the processor time that the worker needs for calls of two functions, in turn.
func (p *product) besides(script, other string, how plan) (row, error) {
	var ratios, mine, theirs []float64
	for range how.rounds {
		a, err := p.cost(script, how.length/6)
		if err != nil {
			return row{}, err
		}
		b, err := p.cost(other, how.length/6)
		if err != nil {
			return row{}, err
		}
		ratios, mine, theirs = append(ratios, a/b), append(mine, a), append(theirs, b)
	}
	return row{
		"three modules, fresh sandbox, processor time of a call", "≤ 1.3 of one file",
		fmt.Sprintf("%.2f (%.0f µs, %.0f µs, %d rounds)", median(ratios), median(mine), median(theirs), how.rounds),
	}, nil
}

// cost is the processor time of one call of a function, in microseconds, of all processes of the
// product.
func (p *product) cost(script string, length time.Duration) (float64, error) {
	before := cpu(p.processes()...)
	done, err := load{address: p.address, connections: 4}.during(length, "/fn/"+appSlug+"/"+script)
	if err != nil {
		return 0, err
	}
	if done.wrong > 0 || done.answers == 0 {
		return 0, fmt.Errorf("%s: %d of %d answers were wrong", script, done.wrong, done.answers)
	}
	return float64((cpu(p.processes()...) - before).Microseconds()) / float64(done.answers), nil
}

// follow publishes a module that functions follow.
func (p *product) follow() (row, error) {
	if err := p.module("rates", "export const rates = [1, 2, 3];", nil); err != nil {
		return row{}, err
	}
	for n := range followers {
		source := fmt.Sprintf(`import { rates } from "app:rates"; import { total } from "app:pricing"; export default () => rates.concat(total([]), %d);`, n)
		if err := p.publish(fmt.Sprintf("follows-%d", n), source); err != nil {
			return row{}, err
		}
	}
	var took []float64
	for n := range 5 {
		var answer struct {
			Followed []struct{ Name string }
		}
		began := time.Now()
		if err := p.module("rates", fmt.Sprintf("export const rates = [1, 2, 3, %d];", n), &answer); err != nil {
			return row{}, err
		}
		took = append(took, time.Since(began).Seconds())
		if len(answer.Followed) != followers {
			return row{}, fmt.Errorf("%d scripts followed", len(answer.Followed))
		}
	}
	return row{
		fmt.Sprintf("publish of a module with %d dependents that follow", followers), "≤ 2 s",
		fmt.Sprintf("%.2f s (%d times)", median(took), len(took)),
	}, nil
}

func (p *product) module(name, source string, answer any) error {
	return p.api("PUT", "/api/v1/apps/"+appSlug+"/scripts/"+name, map[string]any{"source": source, "kind": "module"}, answer)
}
