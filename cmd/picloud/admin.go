package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"picloud/db"
	"picloud/engine"
	"picloud/engine/access"
	"picloud/engine/account"
)

const tokenLife = 30 * 24 * time.Hour

// admin is `picloud admin …`: it goes to the database directly, also while the server runs.
func admin(ctx context.Context, c *config, arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("want: picloud admin reset-password <email>, or picloud admin token <email>")
	}
	action, email := arguments[0], arguments[1]
	if action != "reset-password" && action != "token" {
		return fmt.Errorf("unknown admin command %q; there are reset-password and token", action)
	}
	settings, err := c.existing()
	if err != nil {
		return err
	}
	pool, done, err := engine.OpenDatabase(ctx, settings)
	if err != nil {
		return err
	}
	defer done()
	secret, err := adminSecret(ctx, access.New(pool, access.Config{}), action, email)
	if db.IsUnmade(err) {
		return errors.New("the database has no PiCloud in it yet: run picloud serve or picloud migrate first")
	}
	if err != nil {
		return err
	}
	fmt.Println(secret)
	return nil
}

func adminSecret(ctx context.Context, people *access.Service, action, email string) (string, error) {
	if action == "reset-password" {
		return people.ResetPassword(ctx, email)
	}
	secret, _, err := people.MintKey(ctx, email, tokenLife)
	return secret, err
}

// existing gives the settings of an installation that is there. It makes nothing, so that
// a wrong folder is told and not filled.
func (c *config) existing() (engine.ManagerConfig, error) {
	who, err := account.Choose()
	if err != nil {
		return engine.ManagerConfig{}, err
	}
	if c.databaseURL != "" {
		return engine.ManagerConfig{Account: who, DatabaseURL: c.databaseURL}, who.Drop()
	}
	dir, _, err := who.Place(c.dataDir)
	if err != nil {
		return engine.ManagerConfig{}, err
	}
	if !db.Exists(dir) {
		return engine.ManagerConfig{}, fmt.Errorf("there is no PiCloud in %s; give its --data-dir", dir)
	}
	return c.manager()
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
