package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"picloud/db"
	"picloud/engine"
	"picloud/engine/access"
)

const tokenLife = 30 * 24 * time.Hour

// admin is `picloud admin …`: it goes to the database directly, also while the server runs.
func admin(ctx context.Context, c *config, arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("want: picloud admin reset-password <email>, or picloud admin token <email>")
	}
	settings, err := c.manager()
	if err != nil {
		return err
	}
	pool, done, err := engine.OpenDatabase(ctx, settings)
	if err != nil {
		return err
	}
	defer done()
	people := access.New(pool, access.Config{})
	switch action, email := arguments[0], arguments[1]; action {
	case "reset-password":
		password, err := people.ResetPassword(ctx, email)
		if err != nil {
			return err
		}
		fmt.Println(password)
	case "token":
		secret, _, err := people.MintKey(ctx, email, tokenLife)
		if err != nil {
			return err
		}
		fmt.Println(secret)
	default:
		return fmt.Errorf("unknown admin command %q; there are reset-password and token", action)
	}
	return nil
}

// migrate is `picloud migrate`.
func migrate(ctx context.Context, c *config) error {
	settings, err := c.manager()
	if err != nil {
		return err
	}
	pool, done, err := engine.OpenDatabase(ctx, settings)
	if err != nil {
		return err
	}
	defer done()
	if err := db.Migrate(ctx, pool, engine.MigrationSteps()...); err != nil {
		return err
	}
	fmt.Println("The schema is up to date.")
	return nil
}
