CREATE TABLE organisation (
	tenant TEXT NOT NULL,
	name TEXT NOT NULL,
	issuer TEXT NOT NULL,
	finess TEXT,
	CONSTRAINT pk_organisation PRIMARY KEY (tenant)
);

CREATE TABLE unknown_caller (
	calling TEXT NOT NULL,
	called TEXT NOT NULL,
	host TEXT NOT NULL,
	first_seen DATETIME NOT NULL,
	last_seen DATETIME NOT NULL,
	knocks INTEGER NOT NULL,
	CONSTRAINT pk_unknown_caller PRIMARY KEY (calling, called)
);

CREATE TABLE sign_in_failure (
	login TEXT NOT NULL,
	address TEXT NOT NULL,
	failures INTEGER NOT NULL,
	last_at DATETIME NOT NULL,
	CONSTRAINT pk_sign_in_failure PRIMARY KEY (login, address)
);

CREATE TABLE audit (
	sequence INTEGER NOT NULL,
	at TEXT NOT NULL,
	tenant TEXT,
	actor_kind TEXT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	door TEXT NOT NULL,
	detail TEXT NOT NULL,
	hash BLOB NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (sequence)
);

CREATE TABLE audit_head (
	id INTEGER NOT NULL CONSTRAINT ck_audit_head_one_row CHECK (id = 1),
	sequence INTEGER NOT NULL,
	hash BLOB NOT NULL,
	CONSTRAINT pk_audit_head PRIMARY KEY (id)
);

CREATE TABLE patient_name (
	id INTEGER NOT NULL,
	name TEXT NOT NULL,
	CONSTRAINT pk_patient_name PRIMARY KEY (id),
	CONSTRAINT uq_patient_name_name UNIQUE (name)
);

CREATE TABLE withheld_study (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	why VARCHAR(16) NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_withheld_study PRIMARY KEY (tenant, study_instance_uid)
)
 WITHOUT ROWID;

CREATE TABLE withheld_share (
	owner VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	CONSTRAINT pk_withheld_share PRIMARY KEY (owner, study_instance_uid, tenant)
);

CREATE TABLE quarantine (
	segment BIGINT NOT NULL,
	"offset" BIGINT NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	reason VARCHAR(16) NOT NULL,
	study_instance_uid VARCHAR(64),
	sop_instance_uid VARCHAR(64) NOT NULL,
	sop_class VARCHAR(64) NOT NULL,
	transfer_syntax VARCHAR(64) NOT NULL,
	size_bytes BIGINT NOT NULL,
	digest BLOB NOT NULL,
	received_at DATETIME NOT NULL,
	source TEXT NOT NULL,
	association TEXT NOT NULL,
	detail TEXT NOT NULL,
	resolved_by VARCHAR(64),
	resolved_at DATETIME,
	decision VARCHAR(16),
	why TEXT,
	CONSTRAINT pk_quarantine PRIMARY KEY (segment, "offset")
);

CREATE TABLE segment (
	id INTEGER NOT NULL,
	applied BIGINT NOT NULL,
	live INTEGER NOT NULL,
	host INTEGER NOT NULL,
	CONSTRAINT pk_segment PRIMARY KEY (id)
);

CREATE TABLE commitment (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	asker VARCHAR(8) NOT NULL,
	peer VARCHAR(16) NOT NULL,
	transaction_uid VARCHAR(64) NOT NULL,
	own VARCHAR(16) NOT NULL,
	instances JSON NOT NULL,
	instance_count INTEGER NOT NULL,
	failed JSON NOT NULL,
	asked_at DATETIME NOT NULL,
	decided_at DATETIME,
	told_at DATETIME,
	CONSTRAINT pk_commitment PRIMARY KEY (id),
	CONSTRAINT uq_commitment_tenant_asker_peer_transaction_uid UNIQUE (tenant, asker, peer, transaction_uid)
);

CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	tenant TEXT NOT NULL,
	at DATETIME NOT NULL,
	body JSON NOT NULL
);

CREATE TABLE outbox_position (
	subscriber TEXT NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_outbox_position PRIMARY KEY (subscriber)
);

CREATE TABLE dead_letter (
	fact INTEGER NOT NULL,
	subscriber TEXT NOT NULL,
	kind TEXT NOT NULL,
	body JSON NOT NULL,
	attempts INTEGER NOT NULL,
	reason TEXT NOT NULL,
	at DATETIME NOT NULL,
	asked_at DATETIME,
	CONSTRAINT pk_dead_letter PRIMARY KEY (fact, subscriber)
);

CREATE TABLE outbox_era (
	id INTEGER NOT NULL CONSTRAINT ck_outbox_era_one_row CHECK (id = 1),
	era TEXT NOT NULL,
	CONSTRAINT pk_outbox_era PRIMARY KEY (id)
);

CREATE TABLE own_log (
	id INTEGER NOT NULL CONSTRAINT ck_own_log_one_row CHECK (id = 1),
	log VARCHAR(48) NOT NULL,
	opened_at DATETIME NOT NULL,
	CONSTRAINT pk_own_log PRIMARY KEY (id)
);

CREATE TABLE fact_log (
	log VARCHAR(48) NOT NULL,
	next INTEGER NOT NULL,
	hash VARCHAR(64) NOT NULL,
	clock TEXT NOT NULL,
	frozen BOOLEAN NOT NULL,
	CONSTRAINT pk_fact_log PRIMARY KEY (log)
);

CREATE TABLE fact (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	log VARCHAR(48) NOT NULL,
	sequence INTEGER NOT NULL,
	clock TEXT NOT NULL,
	hash VARCHAR(64) NOT NULL,
	previous VARCHAR(64) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	kind TEXT,
	subject TEXT,
	home VARCHAR(32),
	tenant VARCHAR(48),
	patient TEXT,
	content BLOB
);

CREATE TABLE fact_head (
	log VARCHAR(48) NOT NULL,
	sequence INTEGER NOT NULL,
	hash VARCHAR(64) NOT NULL,
	at DATETIME NOT NULL,
	signature BLOB NOT NULL,
	certificate TEXT NOT NULL,
	CONSTRAINT pk_fact_head PRIMARY KEY (log, sequence)
)
 WITHOUT ROWID;

CREATE TABLE fact_objection (
	log VARCHAR(48) NOT NULL,
	sequence INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	why VARCHAR(16) NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_fact_objection PRIMARY KEY (log, sequence)
)
 WITHOUT ROWID;

CREATE TABLE organisation_home (
	tenant VARCHAR(48) NOT NULL,
	node VARCHAR(32) NOT NULL,
	clock TEXT NOT NULL,
	CONSTRAINT pk_organisation_home PRIMARY KEY (tenant)
);

CREATE TABLE peer (
	name VARCHAR(32) NOT NULL,
	address TEXT NOT NULL,
	standing VARCHAR(8) NOT NULL,
	authority VARCHAR(64) NOT NULL,
	certificate TEXT NOT NULL,
	since DATETIME NOT NULL,
	note TEXT NOT NULL,
	CONSTRAINT pk_peer PRIMARY KEY (name)
);

CREATE TABLE peer_authority (
	fingerprint VARCHAR(64) NOT NULL,
	certificate TEXT NOT NULL,
	keeper VARCHAR(32) NOT NULL,
	CONSTRAINT pk_peer_authority PRIMARY KEY (fingerprint)
);

CREATE TABLE peer_invitation (
	id VARCHAR(32) NOT NULL,
	"key" BLOB NOT NULL,
	node VARCHAR(32) NOT NULL,
	organisations JSON,
	expires_at DATETIME NOT NULL,
	CONSTRAINT pk_peer_invitation PRIMARY KEY (id)
);

CREATE TABLE peer_agreement (
	home VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	peer VARCHAR(32) NOT NULL,
	capabilities JSON NOT NULL,
	purposes JSON NOT NULL,
	clock TEXT NOT NULL,
	CONSTRAINT pk_peer_agreement PRIMARY KEY (home, tenant, peer)
);

CREATE TABLE line_change (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DATETIME NOT NULL,
	peer VARCHAR(32) NOT NULL,
	line VARCHAR(16) NOT NULL,
	lasted_s FLOAT,
	detail TEXT NOT NULL
);

CREATE TABLE webhook (
	id VARCHAR(16) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	url TEXT NOT NULL,
	kinds JSON NOT NULL,
	cursor TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	state VARCHAR(8) NOT NULL,
	due BOOLEAN NOT NULL,
	run INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	failing_since DATETIME,
	reason TEXT NOT NULL,
	CONSTRAINT pk_webhook PRIMARY KEY (id)
);

CREATE TABLE lease (
	name VARCHAR(64) NOT NULL,
	holder VARCHAR(128) NOT NULL,
	fence BIGINT NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_lease PRIMARY KEY (name)
);

CREATE TABLE condemned_pack (
	pack_key TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_condemned_pack PRIMARY KEY (pack_key)
);

CREATE TABLE source_patient (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	issuer TEXT NOT NULL,
	value TEXT NOT NULL,
	alone TEXT NOT NULL,
	own_person VARCHAR(32) NOT NULL,
	person VARCHAR(32) NOT NULL,
	doubted BOOLEAN NOT NULL,
	first_study TEXT NOT NULL,
	again BOOLEAN NOT NULL,
	vouched BOOLEAN NOT NULL,
	standing VARCHAR(16) NOT NULL,
	CONSTRAINT uq_source_patient_value_issuer_alone UNIQUE (value, issuer, alone)
);

CREATE TABLE damage (
	id INTEGER NOT NULL,
	kind VARCHAR(8) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	name TEXT NOT NULL,
	study_id BIGINT,
	entries JSON NOT NULL,
	instance_count INTEGER NOT NULL,
	detail TEXT NOT NULL,
	found_at DATETIME NOT NULL,
	tried TEXT NOT NULL,
	tried_at DATETIME,
	mended_by VARCHAR(16),
	mended_at DATETIME,
	CONSTRAINT pk_damage PRIMARY KEY (id)
);

CREATE TABLE scrub (
	id INTEGER NOT NULL,
	began_at DATETIME NOT NULL,
	ended_at DATETIME,
	cursor BIGINT NOT NULL,
	object_count BIGINT NOT NULL,
	size_bytes BIGINT NOT NULL,
	damaged_count INTEGER NOT NULL,
	stray_count INTEGER NOT NULL,
	CONSTRAINT pk_scrub PRIMARY KEY (id)
);

CREATE TABLE retention_rule (
	tenant VARCHAR(48) NOT NULL,
	name VARCHAR(64) NOT NULL,
	body JSON NOT NULL,
	set_by VARCHAR(64) NOT NULL,
	set_at DATETIME NOT NULL,
	CONSTRAINT pk_retention_rule PRIMARY KEY (tenant, name)
);

CREATE TABLE legal_hold (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64),
	patient_id TEXT,
	patient_issuer TEXT,
	reason TEXT NOT NULL,
	set_by VARCHAR(64) NOT NULL,
	set_at DATETIME NOT NULL,
	lifted_by VARCHAR(64),
	lifted_at DATETIME,
	CONSTRAINT pk_legal_hold PRIMARY KEY (id)
);

CREATE TABLE patient_death (
	tenant VARCHAR(48) NOT NULL,
	patient_id TEXT NOT NULL,
	patient_issuer TEXT NOT NULL,
	died_on VARCHAR(8) NOT NULL,
	noted_by VARCHAR(64) NOT NULL,
	noted_at DATETIME NOT NULL,
	CONSTRAINT pk_patient_death PRIMARY KEY (tenant, patient_id, patient_issuer)
);

CREATE TABLE disposal (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	stage VARCHAR(16) NOT NULL,
	proposed_by VARCHAR(64) NOT NULL,
	proposed_at DATETIME NOT NULL,
	decided_by VARCHAR(64),
	decided_at DATETIME,
	why TEXT NOT NULL,
	ended_at DATETIME,
	CONSTRAINT pk_disposal PRIMARY KEY (id)
);

CREATE TABLE hl7_message (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	tenant VARCHAR(48) NOT NULL,
	site TEXT NOT NULL,
	application TEXT NOT NULL,
	facility TEXT NOT NULL,
	control_id TEXT NOT NULL,
	digest BLOB NOT NULL,
	kind TEXT NOT NULL,
	body BLOB NOT NULL,
	answers JSON NOT NULL,
	state VARCHAR(16) NOT NULL,
	reason TEXT NOT NULL,
	received_at DATETIME NOT NULL,
	settled_at DATETIME NOT NULL,
	CONSTRAINT uq_hl7_message_tenant_control_id_application_facility_digest UNIQUE (tenant, control_id, application, facility, digest)
);

CREATE TABLE imaging_order (
	id VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	placer TEXT,
	placer_issuer TEXT,
	filler TEXT,
	filler_issuer TEXT,
	accession TEXT,
	accession_issuer TEXT,
	status VARCHAR(16) NOT NULL,
	standing TEXT NOT NULL,
	changes TEXT NOT NULL,
	changed_at DATETIME NOT NULL,
	CONSTRAINT pk_imaging_order PRIMARY KEY (id)
);

CREATE TABLE rejection_note (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	sop_instance_uid VARCHAR(64) NOT NULL,
	series_instance_uid VARCHAR(64) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	reason VARCHAR(16),
	why TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	at DATETIME NOT NULL,
	undoes TEXT NOT NULL,
	CONSTRAINT pk_rejection_note PRIMARY KEY (id),
	CONSTRAINT uq_rejection_note_tenant_sop_instance_uid UNIQUE (tenant, sop_instance_uid)
);

CREATE TABLE hidden_instance (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	sop_instance_uid VARCHAR(64) NOT NULL,
	hidden SMALLINT NOT NULL,
	reason VARCHAR(16),
	note VARCHAR(64) NOT NULL,
	held BOOLEAN NOT NULL,
	CONSTRAINT pk_hidden_instance PRIMARY KEY (tenant, study_instance_uid, sop_instance_uid)
)
 WITHOUT ROWID;

CREATE TABLE correction (
	name VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	kind VARCHAR(8) NOT NULL,
	source VARCHAR(64) NOT NULL,
	target VARCHAR(64) NOT NULL,
	series JSON NOT NULL,
	texts JSON NOT NULL,
	why TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	login VARCHAR(64) NOT NULL,
	institution TEXT NOT NULL,
	at DATETIME NOT NULL,
	state VARCHAR(8) NOT NULL,
	detail TEXT NOT NULL,
	settled_at DATETIME,
	note VARCHAR(64) NOT NULL,
	gone VARCHAR(64) NOT NULL,
	CONSTRAINT pk_correction PRIMARY KEY (name)
);

CREATE TABLE exam_claim (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	fence INTEGER NOT NULL,
	login VARCHAR(64) NOT NULL,
	name TEXT NOT NULL,
	reader_tenant VARCHAR(48) NOT NULL,
	since DATETIME NOT NULL,
	until DATETIME NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_exam_claim PRIMARY KEY (tenant, study_instance_uid, fence)
);

CREATE TABLE exam_urgency (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	urgency SMALLINT NOT NULL,
	set_by VARCHAR(64) NOT NULL,
	set_at DATETIME NOT NULL,
	CONSTRAINT pk_exam_urgency PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE report (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	version INTEGER NOT NULL,
	author_login VARCHAR(64) NOT NULL,
	author_name TEXT NOT NULL,
	author_tenant VARCHAR(48) NOT NULL,
	saved_at DATETIME NOT NULL,
	signed VARCHAR(64),
	CONSTRAINT pk_report PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE report_version (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	version INTEGER NOT NULL,
	author_login VARCHAR(64) NOT NULL,
	author_name TEXT NOT NULL,
	author_tenant VARCHAR(48) NOT NULL,
	saved_at DATETIME NOT NULL,
	template TEXT,
	sections JSON NOT NULL,
	key_images JSON NOT NULL,
	plain_words TEXT NOT NULL,
	important BOOLEAN NOT NULL,
	purpose VARCHAR(16) NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_report_version PRIMARY KEY (tenant, study_instance_uid, version)
);

CREATE TABLE report_preview (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	login VARCHAR(64) NOT NULL,
	version INTEGER NOT NULL,
	CONSTRAINT pk_report_preview PRIMARY KEY (tenant, study_instance_uid, login)
);

CREATE TABLE report_document (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	parents JSON NOT NULL,
	signer_login VARCHAR(64) NOT NULL,
	signer_name TEXT NOT NULL,
	signer_tenant VARCHAR(48) NOT NULL,
	signed_at DATETIME NOT NULL,
	stale BOOLEAN NOT NULL,
	release_at DATETIME,
	released_at DATETIME,
	withdrawn_at DATETIME,
	content BLOB NOT NULL,
	CONSTRAINT pk_report_document PRIMARY KEY (tenant, study_instance_uid, digest)
);

CREATE TABLE report_choice (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	settled BOOLEAN NOT NULL,
	CONSTRAINT pk_report_choice PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE report_standing (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	signer_login VARCHAR(64) NOT NULL,
	signer_name TEXT NOT NULL,
	signer_tenant VARCHAR(48) NOT NULL,
	signed_at DATETIME NOT NULL,
	contested BOOLEAN NOT NULL,
	CONSTRAINT pk_report_standing PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE reading_request (
	id VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	exam_tenant VARCHAR(48),
	study_instance_uid VARCHAR(64),
	stage VARCHAR(16) NOT NULL,
	is_open BOOLEAN NOT NULL,
	grants BOOLEAN NOT NULL,
	due DATETIME NOT NULL,
	changed_at DATETIME NOT NULL,
	standing JSON NOT NULL,
	CONSTRAINT pk_reading_request PRIMARY KEY (id)
);

CREATE TABLE reading_agreement (
	asking VARCHAR(48) NOT NULL,
	"key" VARCHAR(64) NOT NULL,
	agreement JSON NOT NULL,
	name TEXT NOT NULL,
	CONSTRAINT pk_reading_agreement PRIMARY KEY (asking, "key")
);

CREATE TABLE result_link (
	id VARCHAR(16) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	audience TEXT NOT NULL,
	name TEXT NOT NULL,
	mail TEXT NOT NULL,
	language TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	content TEXT NOT NULL,
	generation INTEGER NOT NULL,
	code BLOB,
	birth BLOB,
	uses INTEGER NOT NULL,
	uses_allowed INTEGER,
	revoked_at DATETIME,
	revoked_by TEXT NOT NULL,
	opened_at DATETIME,
	acknowledged_at DATETIME,
	CONSTRAINT pk_result_link PRIMARY KEY (id)
);

CREATE TABLE portal_try (
	subject BLOB NOT NULL,
	since DATETIME NOT NULL,
	failures INTEGER NOT NULL,
	in_all INTEGER NOT NULL,
	last_at DATETIME NOT NULL,
	CONSTRAINT pk_portal_try PRIMARY KEY (subject)
);

CREATE TABLE release_rule (
	tenant VARCHAR(48) NOT NULL,
	patient_after_s INTEGER,
	CONSTRAINT pk_release_rule PRIMARY KEY (tenant)
);

CREATE TABLE result_release (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	version VARCHAR(64) NOT NULL,
	final BOOLEAN NOT NULL,
	released_at DATETIME NOT NULL,
	patient_at DATETIME,
	announced_at DATETIME,
	announced_by TEXT NOT NULL,
	CONSTRAINT pk_result_release PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE questioned_access (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	link VARCHAR(16) NOT NULL,
	sequence INTEGER NOT NULL,
	words TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_questioned_access PRIMARY KEY (id)
);

CREATE TABLE correspondent (
	tenant VARCHAR(48) NOT NULL,
	"key" TEXT NOT NULL,
	name TEXT NOT NULL,
	mail TEXT NOT NULL,
	language TEXT NOT NULL,
	CONSTRAINT pk_correspondent PRIMARY KEY (tenant, "key")
);

CREATE TABLE workitem (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	uid VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	transaction_uid VARCHAR(64),
	patient_id TEXT NOT NULL,
	start TEXT NOT NULL,
	modified_at DATETIME NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_workitem PRIMARY KEY (id),
	CONSTRAINT uq_workitem_tenant_uid UNIQUE (tenant, uid)
);

CREATE TABLE step_watch (
	tenant VARCHAR(48) NOT NULL,
	subscriber VARCHAR(16) NOT NULL,
	target VARCHAR(64) NOT NULL,
	lock BOOLEAN NOT NULL,
	keys JSON NOT NULL,
	CONSTRAINT pk_step_watch PRIMARY KEY (tenant, subscriber, target)
)
 WITHOUT ROWID;

CREATE TABLE step_report (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	subscriber VARCHAR(16) NOT NULL,
	content BLOB NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_step_report PRIMARY KEY (id)
);

CREATE TABLE offered_study (
	manifest VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	revision INTEGER NOT NULL,
	content BLOB NOT NULL,
	made_at DATETIME NOT NULL,
	current BOOLEAN NOT NULL,
	CONSTRAINT pk_offered_study PRIMARY KEY (manifest)
);

CREATE TABLE offered_pack (
	root VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	pack_key TEXT NOT NULL,
	part INTEGER NOT NULL,
	size_bytes BIGINT NOT NULL,
	written_us BIGINT NOT NULL,
	entry BLOB NOT NULL,
	leaves BLOB NOT NULL,
	current BOOLEAN NOT NULL,
	CONSTRAINT pk_offered_pack PRIMARY KEY (root)
);

CREATE TABLE transfer (
	id VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	from_node VARCHAR(64) NOT NULL,
	wanted_by VARCHAR(48) NOT NULL,
	of_class VARCHAR(16) NOT NULL,
	reason TEXT NOT NULL,
	state VARCHAR(16) NOT NULL,
	wanted_at DATETIME NOT NULL,
	changed_at DATETIME NOT NULL,
	first JSON NOT NULL,
	manifest VARCHAR(64),
	manifest_content BLOB,
	size_bytes BIGINT NOT NULL,
	done_bytes BIGINT NOT NULL,
	low_whole BOOLEAN NOT NULL,
	detail TEXT NOT NULL,
	lease_holder VARCHAR(64),
	lease_until DATETIME,
	CONSTRAINT pk_transfer PRIMARY KEY (id)
);

CREATE TABLE provenance (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	manifest VARCHAR(64) NOT NULL,
	from_node VARCHAR(64) NOT NULL,
	transfer VARCHAR(32) NOT NULL,
	revision INTEGER NOT NULL,
	size_bytes BIGINT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_provenance PRIMARY KEY (tenant, study_instance_uid, manifest)
)
 WITHOUT ROWID;

CREATE TABLE adopted_pack (
	root VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	pack_key TEXT NOT NULL,
	part INTEGER NOT NULL,
	CONSTRAINT pk_adopted_pack PRIMARY KEY (root)
);

CREATE TABLE link_window (
	node VARCHAR(64) NOT NULL,
	rate_bytes_per_s FLOAT NOT NULL,
	rtt_s FLOAT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_link_window PRIMARY KEY (node)
);

CREATE TABLE called_title (
	ae_title TEXT NOT NULL,
	tenant TEXT NOT NULL,
	rank INTEGER NOT NULL,
	CONSTRAINT pk_called_title PRIMARY KEY (ae_title),
	CONSTRAINT fk_called_title_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE device (
	tenant TEXT NOT NULL,
	ae_title TEXT NOT NULL,
	host TEXT,
	port INTEGER,
	may JSON NOT NULL,
	duties JSON NOT NULL,
	certificate TEXT,
	CONSTRAINT pk_device PRIMARY KEY (tenant, ae_title),
	CONSTRAINT fk_device_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE account (
	login TEXT NOT NULL,
	tenant TEXT NOT NULL,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	rpps TEXT,
	active BOOLEAN NOT NULL,
	password_hash TEXT,
	last_sign_in_at DATETIME,
	preferences JSON NOT NULL,
	CONSTRAINT pk_account PRIMARY KEY (login),
	CONSTRAINT fk_account_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE name_token (
	whole BOOLEAN NOT NULL,
	token TEXT NOT NULL,
	name_id INTEGER NOT NULL,
	CONSTRAINT pk_name_token PRIMARY KEY (whole, token, name_id),
	CONSTRAINT fk_name_token_name_id_patient_name FOREIGN KEY(name_id) REFERENCES patient_name (id)
)
 WITHOUT ROWID;

CREATE TABLE study (
	id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	person VARCHAR(64),
	patient_id TEXT NOT NULL,
	patient_issuer TEXT NOT NULL,
	name_id INTEGER NOT NULL,
	patient_birth_date TEXT NOT NULL,
	patient_sex TEXT NOT NULL,
	moment TEXT NOT NULL,
	study_time TEXT NOT NULL,
	accession_number TEXT NOT NULL,
	accession_issuer TEXT NOT NULL,
	study_id TEXT NOT NULL,
	description TEXT NOT NULL,
	referring_physician TEXT NOT NULL,
	modalities TEXT NOT NULL,
	said_urgency SMALLINT NOT NULL,
	series_count INTEGER NOT NULL,
	instance_count INTEGER NOT NULL,
	hidden_instances_from_people INTEGER NOT NULL,
	hidden_instances_from_all INTEGER NOT NULL,
	hidden_series_from_people INTEGER NOT NULL,
	hidden_series_from_all INTEGER NOT NULL,
	announced_count INTEGER NOT NULL,
	announced_at DATETIME NOT NULL,
	received_first_at DATETIME NOT NULL,
	received_last_at DATETIME NOT NULL,
	completed_at DATETIME,
	attributes BLOB NOT NULL,
	CONSTRAINT pk_study PRIMARY KEY (id),
	CONSTRAINT uq_study_tenant_study_instance_uid UNIQUE (tenant, study_instance_uid),
	CONSTRAINT fk_study_name_id_patient_name FOREIGN KEY(name_id) REFERENCES patient_name (id)
);

CREATE TABLE webhook_delivery (
	webhook VARCHAR(16) NOT NULL,
	number INTEGER NOT NULL,
	at DATETIME NOT NULL,
	changes INTEGER NOT NULL,
	status INTEGER NOT NULL,
	duration_ms INTEGER NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_webhook_delivery PRIMARY KEY (webhook, number),
	CONSTRAINT fk_webhook_delivery_webhook_webhook FOREIGN KEY(webhook) REFERENCES webhook (id) ON DELETE CASCADE
);

CREATE TABLE appearance (
	id INTEGER NOT NULL,
	source_id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	name TEXT NOT NULL,
	birth_date TEXT NOT NULL,
	sex TEXT NOT NULL,
	folded_birth_date TEXT NOT NULL,
	first_seen DATETIME NOT NULL,
	last_seen DATETIME NOT NULL,
	CONSTRAINT pk_appearance PRIMARY KEY (id),
	CONSTRAINT uq_appearance_source_id_tenant_name_birth_date_sex UNIQUE (source_id, tenant, name, birth_date, sex),
	CONSTRAINT fk_appearance_source_id_source_patient FOREIGN KEY(source_id) REFERENCES source_patient (id)
);

CREATE TABLE source_link (
	id INTEGER NOT NULL,
	one_id INTEGER NOT NULL,
	other_id INTEGER NOT NULL,
	"by" TEXT NOT NULL,
	basis TEXT NOT NULL,
	at DATETIME NOT NULL,
	undone_by TEXT,
	undone_at DATETIME,
	CONSTRAINT pk_source_link PRIMARY KEY (id),
	CONSTRAINT fk_source_link_one_id_source_patient FOREIGN KEY(one_id) REFERENCES source_patient (id),
	CONSTRAINT fk_source_link_other_id_source_patient FOREIGN KEY(other_id) REFERENCES source_patient (id)
);

CREATE TABLE disposal_item (
	disposal_id INTEGER NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	rule VARCHAR(64) NOT NULL,
	keep_until VARCHAR(8) NOT NULL,
	size_bytes BIGINT NOT NULL,
	instance_count INTEGER NOT NULL,
	outcome VARCHAR(8),
	detail TEXT NOT NULL,
	at DATETIME,
	CONSTRAINT pk_disposal_item PRIMARY KEY (disposal_id, study_instance_uid),
	CONSTRAINT fk_disposal_item_disposal_id_disposal FOREIGN KEY(disposal_id) REFERENCES disposal (id)
);

CREATE TABLE hl7_site (
	name VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	application TEXT NOT NULL,
	facility TEXT NOT NULL,
	host TEXT NOT NULL,
	told JSON NOT NULL,
	CONSTRAINT pk_hl7_site PRIMARY KEY (name),
	CONSTRAINT uq_hl7_site_application_facility_host UNIQUE (application, facility, host),
	CONSTRAINT fk_hl7_site_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE scheduled_step (
	order_id VARCHAR(32) NOT NULL,
	number INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	date VARCHAR(8) NOT NULL,
	time VARCHAR(16) NOT NULL,
	modality VARCHAR(16) NOT NULL,
	patient TEXT NOT NULL,
	CONSTRAINT pk_scheduled_step PRIMARY KEY (order_id, number),
	CONSTRAINT fk_scheduled_step_order_id_imaging_order FOREIGN KEY(order_id) REFERENCES imaging_order (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE rejection_note_instance (
	note_id INTEGER NOT NULL,
	sop_instance_uid VARCHAR(64) NOT NULL,
	series_instance_uid VARCHAR(64) NOT NULL,
	CONSTRAINT pk_rejection_note_instance PRIMARY KEY (note_id, sop_instance_uid),
	CONSTRAINT fk_rejection_note_instance_note_id_rejection_note FOREIGN KEY(note_id) REFERENCES rejection_note (id)
)
 WITHOUT ROWID;

CREATE TABLE reading_request_party (
	request VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	CONSTRAINT pk_reading_request_party PRIMARY KEY (request, tenant),
	CONSTRAINT fk_reading_request_party_request_reading_request FOREIGN KEY(request) REFERENCES reading_request (id) ON DELETE CASCADE
);

CREATE TABLE reading_request_exam (
	request VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	CONSTRAINT pk_reading_request_exam PRIMARY KEY (request, tenant, study_instance_uid),
	CONSTRAINT fk_reading_request_exam_request_reading_request FOREIGN KEY(request) REFERENCES reading_request (id) ON DELETE CASCADE
);

CREATE TABLE portal_challenge (
	"key" BLOB NOT NULL,
	link VARCHAR(16) NOT NULL,
	generation INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	tries INTEGER NOT NULL,
	CONSTRAINT pk_portal_challenge PRIMARY KEY ("key"),
	CONSTRAINT fk_portal_challenge_link_result_link FOREIGN KEY(link) REFERENCES result_link (id)
);

CREATE TABLE portal_session (
	digest BLOB NOT NULL,
	id TEXT NOT NULL,
	link VARCHAR(16) NOT NULL,
	generation INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	last_seen_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	address TEXT NOT NULL,
	agent TEXT NOT NULL,
	CONSTRAINT pk_portal_session PRIMARY KEY (digest),
	CONSTRAINT uq_portal_session_id UNIQUE (id),
	CONSTRAINT fk_portal_session_link_result_link FOREIGN KEY(link) REFERENCES result_link (id)
);

CREATE TABLE outgoing_mail (
	id VARCHAR(16) NOT NULL,
	once TEXT NOT NULL,
	link VARCHAR(16) NOT NULL,
	kind TEXT NOT NULL,
	challenge BLOB,
	created_at DATETIME NOT NULL,
	begun_at DATETIME,
	sent_at DATETIME,
	tries INTEGER NOT NULL,
	CONSTRAINT pk_outgoing_mail PRIMARY KEY (id),
	CONSTRAINT uq_outgoing_mail_once UNIQUE (once),
	CONSTRAINT fk_outgoing_mail_link_result_link FOREIGN KEY(link) REFERENCES result_link (id)
);

CREATE TABLE step_subscription (
	workitem_id INTEGER NOT NULL,
	subscriber VARCHAR(16) NOT NULL,
	lock BOOLEAN NOT NULL,
	CONSTRAINT pk_step_subscription PRIMARY KEY (workitem_id, subscriber),
	CONSTRAINT fk_step_subscription_workitem_id_workitem FOREIGN KEY(workitem_id) REFERENCES workitem (id)
)
 WITHOUT ROWID;

CREATE TABLE browser_session (
	digest BLOB NOT NULL,
	id TEXT NOT NULL,
	login TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	last_seen_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	address TEXT NOT NULL,
	agent TEXT NOT NULL,
	CONSTRAINT pk_browser_session PRIMARY KEY (digest),
	CONSTRAINT uq_browser_session_id UNIQUE (id),
	CONSTRAINT fk_browser_session_login_account FOREIGN KEY(login) REFERENCES account (login)
);

CREATE TABLE machine_token (
	digest BLOB NOT NULL,
	id TEXT NOT NULL,
	label TEXT NOT NULL,
	login TEXT NOT NULL,
	scopes JSON NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME NOT NULL,
	last_used_at DATETIME,
	revoked BOOLEAN NOT NULL,
	CONSTRAINT pk_machine_token PRIMARY KEY (digest),
	CONSTRAINT uq_machine_token_id UNIQUE (id),
	CONSTRAINT fk_machine_token_login_account FOREIGN KEY(login) REFERENCES account (login)
);

CREATE TABLE invitation (
	digest BLOB NOT NULL,
	login TEXT,
	tenant TEXT NOT NULL,
	role TEXT NOT NULL,
	expires_at DATETIME NOT NULL,
	CONSTRAINT pk_invitation PRIMARY KEY (digest),
	CONSTRAINT uq_invitation_login UNIQUE (login),
	CONSTRAINT fk_invitation_login_account FOREIGN KEY(login) REFERENCES account (login),
	CONSTRAINT fk_invitation_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE study_organisation (
	study_id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	role VARCHAR(8) NOT NULL,
	moment TEXT NOT NULL,
	modalities TEXT NOT NULL,
	CONSTRAINT pk_study_organisation PRIMARY KEY (study_id, tenant),
	CONSTRAINT fk_study_organisation_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
)
 WITHOUT ROWID;

CREATE TABLE study_conflict (
	study_id INTEGER NOT NULL,
	tag INTEGER NOT NULL,
	offered TEXT NOT NULL,
	held TEXT NOT NULL,
	source TEXT NOT NULL,
	at DATETIME NOT NULL,
	kept VARCHAR(8),
	settled_by VARCHAR(64),
	settled_at DATETIME,
	CONSTRAINT pk_study_conflict PRIMARY KEY (study_id, tag, offered),
	CONSTRAINT fk_study_conflict_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE TABLE reception (
	study_id INTEGER NOT NULL,
	association TEXT NOT NULL,
	source TEXT NOT NULL,
	peer TEXT NOT NULL,
	door TEXT NOT NULL,
	instance_count INTEGER NOT NULL,
	duplicate_count INTEGER NOT NULL,
	quarantined_count INTEGER NOT NULL,
	first_at DATETIME NOT NULL,
	last_at DATETIME NOT NULL,
	CONSTRAINT pk_reception PRIMARY KEY (study_id, association),
	CONSTRAINT fk_reception_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE TABLE series (
	id INTEGER NOT NULL,
	study_id INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	series_instance_uid VARCHAR(64) NOT NULL,
	modality TEXT NOT NULL,
	number BIGINT,
	sop_classes TEXT NOT NULL,
	instance_count INTEGER NOT NULL,
	hidden_instances_from_people INTEGER NOT NULL,
	hidden_instances_from_all INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	sealed BOOLEAN NOT NULL,
	received_first_at DATETIME NOT NULL,
	received_last_at DATETIME NOT NULL,
	pack_key TEXT,
	pack_bytes BIGINT,
	pack_index BLOB,
	attributes BLOB NOT NULL,
	CONSTRAINT pk_series PRIMARY KEY (id),
	CONSTRAINT uq_series_study_id_series_instance_uid UNIQUE (study_id, series_instance_uid),
	CONSTRAINT fk_series_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE TABLE appearance_word (
	word TEXT NOT NULL,
	appearance_id INTEGER NOT NULL,
	CONSTRAINT pk_appearance_word PRIMARY KEY (word, appearance_id),
	CONSTRAINT fk_appearance_word_appearance_id_appearance FOREIGN KEY(appearance_id) REFERENCES appearance (id)
)
 WITHOUT ROWID;

CREATE TABLE instance (
	sop_instance_uid VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	series_id INTEGER NOT NULL,
	sop_class VARCHAR(64) NOT NULL,
	transfer_syntax VARCHAR(64) NOT NULL,
	size_bytes BIGINT NOT NULL,
	digest BLOB NOT NULL,
	number BIGINT,
	frames INTEGER NOT NULL,
	received_at DATETIME NOT NULL,
	source TEXT NOT NULL,
	segment BIGINT NOT NULL,
	"offset" BIGINT NOT NULL,
	attributes BLOB NOT NULL,
	CONSTRAINT pk_instance PRIMARY KEY (sop_instance_uid, tenant),
	CONSTRAINT fk_instance_series_id_series FOREIGN KEY(series_id) REFERENCES series (id)
)
 WITHOUT ROWID;

CREATE TABLE sealed_instance (
	uid_hash BIGINT NOT NULL,
	series_id INTEGER NOT NULL,
	CONSTRAINT pk_sealed_instance PRIMARY KEY (uid_hash, series_id),
	CONSTRAINT fk_sealed_instance_series_id_series FOREIGN KEY(series_id) REFERENCES series (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_account_tenant ON account (tenant);

CREATE INDEX ix_appearance_folded_birth_date ON appearance (folded_birth_date);

CREATE INDEX ix_audit_subject ON audit (subject);

CREATE INDEX ix_audit_tenant_sequence ON audit (tenant, sequence);

CREATE INDEX ix_browser_session_login ON browser_session (login);

CREATE INDEX ix_called_title_tenant ON called_title (tenant);

CREATE INDEX ix_commitment_asked ON commitment (tenant, asked_at);

CREATE INDEX ix_condemned_pack_at ON condemned_pack (at);

CREATE INDEX ix_correction_at ON correction (tenant, at);

CREATE INDEX ix_disposal_tenant ON disposal (tenant);

CREATE INDEX ix_exam_claim_login ON exam_claim (login, until);

CREATE INDEX ix_fact_clock ON fact (clock, log, sequence);

CREATE INDEX ix_fact_kind ON fact (kind, id);

CREATE INDEX ix_fact_objection_tenant ON fact_objection (tenant);

CREATE INDEX ix_fact_patient ON fact (patient);

CREATE INDEX ix_fact_stub ON fact (log, sequence) WHERE kind IS NULL;

CREATE INDEX ix_fact_subject ON fact (subject);

CREATE INDEX ix_hidden_instance_uid ON hidden_instance (sop_instance_uid, tenant);

CREATE INDEX ix_hl7_message_state ON hl7_message (tenant, state, id);

CREATE INDEX ix_imaging_order_accession ON imaging_order (tenant, accession);

CREATE INDEX ix_imaging_order_filler ON imaging_order (tenant, filler);

CREATE INDEX ix_imaging_order_placer ON imaging_order (tenant, placer);

CREATE INDEX ix_instance_series_id ON instance (series_id);

CREATE INDEX ix_legal_hold_tenant ON legal_hold (tenant);

CREATE INDEX ix_line_change_peer ON line_change (peer, id);

CREATE INDEX ix_machine_token_login ON machine_token (login);

CREATE INDEX ix_name_token_name ON name_token (name_id);

CREATE INDEX ix_offered_pack_key ON offered_pack (pack_key);

CREATE INDEX ix_offered_pack_study ON offered_pack (tenant, study_instance_uid);

CREATE INDEX ix_outbox_at ON outbox (at);

CREATE INDEX ix_outgoing_mail_link ON outgoing_mail (link);

CREATE INDEX ix_peer_agreement_peer ON peer_agreement (peer);

CREATE INDEX ix_portal_challenge_link ON portal_challenge (link);

CREATE INDEX ix_portal_session_link ON portal_session (link);

CREATE INDEX ix_portal_try_last_at ON portal_try (last_at);

CREATE INDEX ix_quarantine_tenant ON quarantine (tenant, received_at);

CREATE INDEX ix_questioned_access_tenant_study_instance_uid ON questioned_access (tenant, study_instance_uid);

CREATE INDEX ix_reading_request_exam ON reading_request (exam_tenant, study_instance_uid);

CREATE INDEX ix_reading_request_exam_study ON reading_request_exam (tenant, study_instance_uid);

CREATE INDEX ix_reading_request_open ON reading_request (is_open, due);

CREATE INDEX ix_reading_request_party_tenant ON reading_request_party (tenant);

CREATE INDEX ix_rejection_note_study ON rejection_note (tenant, study_instance_uid);

CREATE INDEX ix_report_author ON report (author_login, saved_at);

CREATE INDEX ix_report_document_digest ON report_document (digest);

CREATE INDEX ix_report_standing_signer ON report_standing (signer_login, signed_at);

CREATE INDEX ix_result_link_code ON result_link (code);

CREATE INDEX ix_result_link_mail ON result_link (mail);

CREATE INDEX ix_result_link_tenant_study_instance_uid ON result_link (tenant, study_instance_uid);

CREATE INDEX ix_scheduled_step_date ON scheduled_step (tenant, date);

CREATE INDEX ix_sealed_instance_series ON sealed_instance (series_id);

CREATE INDEX ix_series_open ON series (received_last_at) WHERE NOT sealed;

CREATE INDEX ix_series_pack ON series (pack_key);

CREATE INDEX ix_series_uid ON series (series_instance_uid);

CREATE INDEX ix_sign_in_failure_last_at ON sign_in_failure (last_at);

CREATE INDEX ix_source_link_one_id ON source_link (one_id);

CREATE INDEX ix_source_link_other_id ON source_link (other_id);

CREATE INDEX ix_source_patient_doubted ON source_patient (id) WHERE doubted;

CREATE INDEX ix_source_patient_person ON source_patient (person);

CREATE INDEX ix_step_report_waiting ON step_report (tenant, subscriber, id);

CREATE INDEX ix_study_accession ON study (accession_number);

CREATE INDEX ix_study_arrived ON study (received_first_at, id);

CREATE INDEX ix_study_birth_date ON study (patient_birth_date);

CREATE INDEX ix_study_conflict_open ON study_conflict (study_id) WHERE kept IS NULL;

CREATE INDEX ix_study_fresh ON study (received_first_at) WHERE moment = '' OR moment >= strftime('%Y%m%d', received_first_at, '-30 days');

CREATE INDEX ix_study_hidden ON study (id) WHERE hidden_instances_from_people > 0;

CREATE INDEX ix_study_incomplete ON study (received_first_at) WHERE completed_at IS NULL;

CREATE INDEX ix_study_moment ON study (moment, id);

CREATE INDEX ix_study_name_id ON study (name_id);

CREATE INDEX ix_study_organisation_worklist ON study_organisation (tenant, moment, study_id, modalities, role);

CREATE INDEX ix_study_patient ON study (patient_id, patient_issuer);

CREATE INDEX ix_study_person ON study (person);

CREATE INDEX ix_study_uid ON study (study_instance_uid);

CREATE INDEX ix_transfer_state ON transfer (state, wanted_at);

CREATE INDEX ix_transfer_study ON transfer (tenant, study_instance_uid);

CREATE INDEX ix_transfer_wanted_by ON transfer (wanted_by, changed_at);

CREATE INDEX ix_unknown_caller_last_seen ON unknown_caller (last_seen);

CREATE INDEX ix_webhook_tenant ON webhook (tenant);

CREATE INDEX ix_workitem_start ON workitem (tenant, state, start);

CREATE UNIQUE INDEX ix_damage_open ON damage (kind, name) WHERE mended_at IS NULL;

CREATE UNIQUE INDEX ix_fact_place ON fact (log, sequence);

CREATE UNIQUE INDEX ix_offered_study_current ON offered_study (tenant, study_instance_uid) WHERE current;
