CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	tenant TEXT NOT NULL,
	at DATETIME NOT NULL,
	body JSON NOT NULL
);

CREATE INDEX ix_outbox_at ON outbox (at);

CREATE TABLE outbox_position (
	subscriber TEXT NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_outbox_position PRIMARY KEY (subscriber)
);

CREATE TABLE dead_letter (
	fact INTEGER NOT NULL,
	subscriber TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	reason TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (fact, subscriber),
	CONSTRAINT fk_dead_letter_fact_outbox FOREIGN KEY(fact) REFERENCES outbox (id)
);
