package history

import (
	"context"
	"fmt"
	"time"

	"picloud/engine/actor"
	"picloud/engine/execution"
	"picloud/queries"
)

// Share is how much of its share of the history an app has used in the rolling day, in bytes.
type Share struct{ Used, Of int64 }

// LeftOut is what is left out of the app's runs now.
func (s Share) LeftOut() execution.LeftOut { return execution.AtShare(s.Used, s.Of) }

// Share tells how much of its share an app has used.
func (s *Store) Share(ctx context.Context, grant actor.Grant) (Share, error) {
	app, err := grant.App(actor.ReadApp)
	if err != nil {
		return Share{}, err
	}
	used, err := queries.New().SumBytesOfApp(ctx, s.pool, queries.SumBytesOfAppParams{AppID: app, Since: execution.RollingDay(time.Now())})
	if err != nil {
		return Share{}, fmt.Errorf("share of app %s: %w", app, err)
	}
	return Share{Used: used, Of: s.AppShare}, nil
}

// OverShareAcrossApps is how many apps are over their share, for the product itself.
func (s *Store) OverShareAcrossApps(ctx context.Context) (apps int, err error) {
	sums, err := queries.New().SumBytesAcrossApps(ctx, s.pool, execution.RollingDay(time.Now()))
	if err != nil {
		return 0, fmt.Errorf("shares of all apps: %w", err)
	}
	for _, sum := range sums {
		if execution.AtShare(sum.Bytes, s.AppShare) > execution.NothingLeftOut {
			apps++
		}
	}
	return apps, nil
}
