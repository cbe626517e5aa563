CREATE TABLE outbox (
	id BIGSERIAL NOT NULL,
	kind TEXT NOT NULL,
	tenant TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	body JSON NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (id)
);

CREATE INDEX ix_outbox_at ON outbox (at);

CREATE TABLE outbox_position (
	subscriber TEXT NOT NULL,
	position BIGINT NOT NULL,
	CONSTRAINT pk_outbox_position PRIMARY KEY (subscriber)
);

CREATE TABLE dead_letter (
	fact BIGINT NOT NULL,
	subscriber TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	reason TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (fact, subscriber),
	CONSTRAINT fk_dead_letter_fact_outbox FOREIGN KEY(fact) REFERENCES outbox (id)
);
