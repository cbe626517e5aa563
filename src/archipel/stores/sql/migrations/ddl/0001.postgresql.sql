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
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	knocks BIGINT NOT NULL,
	CONSTRAINT pk_unknown_caller PRIMARY KEY (calling, called)
);

CREATE TABLE sign_in_failure (
	login TEXT NOT NULL,
	address TEXT NOT NULL,
	failures INTEGER NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_sign_in_failure PRIMARY KEY (login, address)
);

CREATE TABLE audit (
	sequence BIGINT NOT NULL,
	at TEXT NOT NULL,
	tenant TEXT,
	actor_kind TEXT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	door TEXT NOT NULL,
	detail TEXT NOT NULL,
	hash BYTEA NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (sequence)
);

CREATE TABLE audit_head (
	id SERIAL NOT NULL CONSTRAINT ck_audit_head_one_row CHECK (id = 1),
	sequence BIGINT NOT NULL,
	hash BYTEA NOT NULL,
	CONSTRAINT pk_audit_head PRIMARY KEY (id)
);

CREATE TABLE patient_name (
	id BIGSERIAL NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_patient_name PRIMARY KEY (id),
	CONSTRAINT uq_patient_name_name UNIQUE (name)
);

COMMENT ON COLUMN patient_name.name IS 'as matching.normalise_name has it';

CREATE TABLE withheld_study (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	why VARCHAR(16) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_withheld_study PRIMARY KEY (tenant, study_instance_uid)
);

COMMENT ON COLUMN withheld_study.tenant IS 'the owner';

CREATE TABLE withheld_share (
	owner VARCHAR(48) COLLATE "C" NOT NULL,
	study_instance_uid VARCHAR(64) COLLATE "C" NOT NULL,
	tenant VARCHAR(48) COLLATE "C" NOT NULL,
	CONSTRAINT pk_withheld_share PRIMARY KEY (owner, study_instance_uid, tenant)
);

COMMENT ON COLUMN withheld_share.tenant IS 'who was let in, or would have been';

CREATE TABLE quarantine (
	segment BIGINT NOT NULL,
	"offset" BIGINT NOT NULL,
	tenant VARCHAR(48) COLLATE "C" NOT NULL,
	reason VARCHAR(16) NOT NULL,
	study_instance_uid VARCHAR(64) COLLATE "C",
	sop_instance_uid VARCHAR(64) COLLATE "C" NOT NULL,
	sop_class VARCHAR(64) COLLATE "C" NOT NULL,
	transfer_syntax VARCHAR(64) COLLATE "C" NOT NULL,
	size_bytes BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	source TEXT NOT NULL,
	association TEXT COLLATE "C" NOT NULL,
	detail TEXT NOT NULL,
	resolved_by VARCHAR(64),
	resolved_at TIMESTAMP WITH TIME ZONE,
	decision VARCHAR(16),
	why TEXT,
	CONSTRAINT pk_quarantine PRIMARY KEY (segment, "offset")
);

COMMENT ON COLUMN quarantine.decision IS 'first or discarded, once somebody decided';

COMMENT ON COLUMN quarantine.why IS 'of a discarded one';

CREATE TABLE segment (
	id BIGINT NOT NULL,
	applied BIGINT NOT NULL,
	live INTEGER NOT NULL,
	host INTEGER NOT NULL,
	CONSTRAINT pk_segment PRIMARY KEY (id)
);

COMMENT ON COLUMN segment.applied IS 'records below this offset are decided upon';

COMMENT ON COLUMN segment.live IS 'records that are the only copy of something';

COMMENT ON COLUMN segment.host IS 'node.number of the home it lies in, or 0';

CREATE TABLE commitment (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	asker VARCHAR(8) NOT NULL,
	peer VARCHAR(16) NOT NULL,
	transaction_uid VARCHAR(64) NOT NULL,
	own VARCHAR(16) NOT NULL,
	instances JSON NOT NULL,
	instance_count INTEGER NOT NULL,
	failed JSON NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	told_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_commitment PRIMARY KEY (id),
	CONSTRAINT uq_commitment_tenant_asker_peer_transaction_uid UNIQUE (tenant, asker, peer, transaction_uid)
);

COMMENT ON COLUMN commitment.asker IS 'peer or us';

COMMENT ON COLUMN commitment.peer IS 'its AE title';

COMMENT ON COLUMN commitment.own IS 'our AE title in it';

COMMENT ON COLUMN commitment.instances IS 'pairs of SOP class and instance';

COMMENT ON COLUMN commitment.failed IS '(0008,1197) by SOP instance';

CREATE TABLE outbox (
	id BIGSERIAL NOT NULL,
	kind TEXT NOT NULL,
	tenant TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	body JSON NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (id)
);

CREATE TABLE outbox_position (
	subscriber TEXT NOT NULL,
	position BIGINT NOT NULL,
	CONSTRAINT pk_outbox_position PRIMARY KEY (subscriber)
);

CREATE TABLE dead_letter (
	fact BIGINT NOT NULL,
	subscriber TEXT NOT NULL,
	kind TEXT NOT NULL,
	body JSON NOT NULL,
	attempts INTEGER NOT NULL,
	reason TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_dead_letter PRIMARY KEY (fact, subscriber)
);

COMMENT ON COLUMN dead_letter.asked_at IS 'somebody wants it delivered once more';

CREATE TABLE outbox_era (
	id SERIAL NOT NULL CONSTRAINT ck_outbox_era_one_row CHECK (id = 1),
	era TEXT NOT NULL,
	CONSTRAINT pk_outbox_era PRIMARY KEY (id)
);

CREATE TABLE own_log (
	id SERIAL NOT NULL CONSTRAINT ck_own_log_one_row CHECK (id = 1),
	log VARCHAR(48) COLLATE "C" NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_own_log PRIMARY KEY (id)
);

COMMENT ON COLUMN own_log.log IS 'of this incarnation of the node';

CREATE TABLE fact_log (
	log VARCHAR(48) COLLATE "C" NOT NULL,
	next BIGINT NOT NULL,
	hash VARCHAR(64) NOT NULL,
	clock TEXT COLLATE "C" NOT NULL,
	frozen BOOLEAN NOT NULL,
	CONSTRAINT pk_fact_log PRIMARY KEY (log)
);

COMMENT ON COLUMN fact_log.next IS 'the sequence that is needed next';

COMMENT ON COLUMN fact_log.hash IS 'of the last link';

COMMENT ON COLUMN fact_log.clock IS 'the latest reading in it';

COMMENT ON COLUMN fact_log.frozen IS 'it forked: nothing more is taken in';

CREATE TABLE fact (
	id BIGSERIAL NOT NULL,
	log VARCHAR(48) COLLATE "C" NOT NULL,
	sequence BIGINT NOT NULL,
	clock TEXT COLLATE "C" NOT NULL,
	hash VARCHAR(64) NOT NULL,
	previous VARCHAR(64) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	kind TEXT,
	subject TEXT COLLATE "C",
	home VARCHAR(32),
	tenant VARCHAR(48),
	patient TEXT COLLATE "C",
	content BYTEA,
	CONSTRAINT pk_fact PRIMARY KEY (id)
);

COMMENT ON COLUMN fact.id IS 'in the order they came to this node';

COMMENT ON COLUMN fact.kind IS 'null with all below: a stub';

CREATE TABLE fact_head (
	log VARCHAR(48) COLLATE "C" NOT NULL,
	sequence BIGINT NOT NULL,
	hash VARCHAR(64) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	signature BYTEA NOT NULL,
	certificate TEXT NOT NULL,
	CONSTRAINT pk_fact_head PRIMARY KEY (log, sequence)
);

CREATE TABLE fact_objection (
	log VARCHAR(48) COLLATE "C" NOT NULL,
	sequence BIGINT NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	why VARCHAR(16) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_fact_objection PRIMARY KEY (log, sequence)
);

CREATE TABLE organisation_home (
	tenant VARCHAR(48) NOT NULL,
	node VARCHAR(32) NOT NULL,
	clock TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_organisation_home PRIMARY KEY (tenant)
);

COMMENT ON COLUMN organisation_home.clock IS 'of the fact it was taken from';

CREATE TABLE peer (
	name VARCHAR(32) NOT NULL,
	address TEXT NOT NULL,
	standing VARCHAR(8) NOT NULL,
	authority VARCHAR(64) NOT NULL,
	certificate TEXT NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
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
	key BYTEA NOT NULL,
	node VARCHAR(32) NOT NULL,
	organisations JSON,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_peer_invitation PRIMARY KEY (id)
);

COMMENT ON COLUMN peer_invitation.organisations IS 'what it may be the home of; null: what nobody has';

CREATE TABLE peer_agreement (
	home VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	peer VARCHAR(32) NOT NULL,
	capabilities JSON NOT NULL,
	purposes JSON NOT NULL,
	clock TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_peer_agreement PRIMARY KEY (home, tenant, peer)
);

COMMENT ON COLUMN peer_agreement.clock IS 'of the fact it was taken from';

CREATE TABLE line_change (
	id BIGSERIAL NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	peer VARCHAR(32) NOT NULL,
	line VARCHAR(16) NOT NULL,
	lasted_s FLOAT,
	detail TEXT NOT NULL,
	CONSTRAINT pk_line_change PRIMARY KEY (id)
);

COMMENT ON COLUMN line_change.lasted_s IS 'of the state before';

CREATE TABLE webhook (
	id VARCHAR(16) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	url TEXT NOT NULL,
	kinds JSON NOT NULL,
	cursor TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state VARCHAR(8) NOT NULL,
	due BOOLEAN NOT NULL,
	run INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	failing_since TIMESTAMP WITH TIME ZONE,
	reason TEXT NOT NULL,
	CONSTRAINT pk_webhook PRIMARY KEY (id)
);

CREATE TABLE lease (
	name VARCHAR(64) NOT NULL,
	holder VARCHAR(128) NOT NULL,
	fence BIGINT NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_lease PRIMARY KEY (name)
);

COMMENT ON COLUMN lease.name IS 'work-3: the worker of host 3';

COMMENT ON COLUMN lease.holder IS 'empty: nobody';

COMMENT ON COLUMN lease.fence IS 'grows with each taking';

CREATE TABLE condemned_pack (
	pack_key TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_condemned_pack PRIMARY KEY (pack_key)
);

CREATE TABLE source_patient (
	id BIGSERIAL NOT NULL,
	issuer TEXT COLLATE "C" NOT NULL,
	value TEXT COLLATE "C" NOT NULL,
	alone TEXT COLLATE "C" NOT NULL,
	own_person VARCHAR(32) NOT NULL,
	person VARCHAR(32) NOT NULL,
	doubted BOOLEAN NOT NULL,
	first_study TEXT COLLATE "C" NOT NULL,
	again BOOLEAN NOT NULL,
	vouched BOOLEAN NOT NULL,
	standing VARCHAR(16) NOT NULL,
	CONSTRAINT pk_source_patient PRIMARY KEY (id),
	CONSTRAINT uq_source_patient_value_issuer_alone UNIQUE (value, issuer, alone)
);

COMMENT ON COLUMN source_patient.alone IS 'the study, where there is no identifier';

COMMENT ON COLUMN source_patient.own_person IS 'while it is linked with nobody';

COMMENT ON COLUMN source_patient.first_study IS 'organisation/Study UID that named it';

COMMENT ON COLUMN source_patient.again IS 'another study named it too';

COMMENT ON COLUMN source_patient.vouched IS 'the identity desk looked';

COMMENT ON COLUMN source_patient.standing IS 'see identity.standing';

CREATE TABLE damage (
	id BIGSERIAL NOT NULL,
	kind VARCHAR(8) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	name TEXT NOT NULL,
	study_id BIGINT,
	entries JSON NOT NULL,
	instance_count INTEGER NOT NULL,
	detail TEXT NOT NULL,
	found_at TIMESTAMP WITH TIME ZONE NOT NULL,
	tried TEXT NOT NULL,
	tried_at TIMESTAMP WITH TIME ZONE,
	mended_by VARCHAR(16),
	mended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_damage PRIMARY KEY (id)
);

COMMENT ON COLUMN damage.kind IS 'pack, record or aside';

COMMENT ON COLUMN damage.tenant IS 'the owner';

COMMENT ON COLUMN damage.name IS 'a pack''s key, or segment/offset';

COMMENT ON COLUMN damage.study_id IS 'our number of the study; it may be gone by now';

COMMENT ON COLUMN damage.entries IS 'positions in the pack; empty: all of it';

COMMENT ON COLUMN damage.tried IS 'why the last try did not help';

CREATE TABLE scrub (
	id BIGSERIAL NOT NULL,
	began_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	cursor BIGINT NOT NULL,
	object_count BIGINT NOT NULL,
	size_bytes BIGINT NOT NULL,
	damaged_count INTEGER NOT NULL,
	stray_count INTEGER NOT NULL,
	CONSTRAINT pk_scrub PRIMARY KEY (id)
);

COMMENT ON COLUMN scrub.cursor IS 'number of the last series read';

COMMENT ON COLUMN scrub.stray_count IS 'packs that nothing points to';

CREATE TABLE retention_rule (
	tenant VARCHAR(48) NOT NULL,
	name VARCHAR(64) NOT NULL,
	body JSON NOT NULL,
	set_by VARCHAR(64) NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_retention_rule PRIMARY KEY (tenant, name)
);

COMMENT ON COLUMN retention_rule.body IS 'as archive.keeping.retention.rule_of reads it';

CREATE TABLE legal_hold (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64),
	patient_id TEXT,
	patient_issuer TEXT,
	reason TEXT NOT NULL,
	set_by VARCHAR(64) NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	lifted_by VARCHAR(64),
	lifted_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_legal_hold PRIMARY KEY (id)
);

COMMENT ON COLUMN legal_hold.study_instance_uid IS 'null: all exams of the patient';

CREATE TABLE patient_death (
	tenant VARCHAR(48) NOT NULL,
	patient_id TEXT NOT NULL,
	patient_issuer TEXT NOT NULL,
	died_on VARCHAR(8) NOT NULL,
	noted_by VARCHAR(64) NOT NULL,
	noted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_patient_death PRIMARY KEY (tenant, patient_id, patient_issuer)
);

COMMENT ON COLUMN patient_death.died_on IS 'YYYYMMDD';

CREATE TABLE disposal (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	stage VARCHAR(16) NOT NULL,
	proposed_by VARCHAR(64) NOT NULL,
	proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_by VARCHAR(64),
	decided_at TIMESTAMP WITH TIME ZONE,
	why TEXT NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_disposal PRIMARY KEY (id)
);

CREATE TABLE hl7_message (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	site TEXT NOT NULL,
	application TEXT COLLATE "C" NOT NULL,
	facility TEXT COLLATE "C" NOT NULL,
	control_id TEXT COLLATE "C" NOT NULL,
	digest BYTEA NOT NULL,
	kind TEXT NOT NULL,
	body BYTEA NOT NULL,
	answers JSON NOT NULL,
	state VARCHAR(16) NOT NULL,
	reason TEXT NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	settled_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_hl7_message PRIMARY KEY (id),
	CONSTRAINT uq_hl7_message_tenant_control_id_application_facility_digest UNIQUE (tenant, control_id, application, facility, digest)
);

COMMENT ON COLUMN hl7_message.digest IS 'of the body';

CREATE TABLE imaging_order (
	id VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	placer TEXT COLLATE "C",
	placer_issuer TEXT COLLATE "C",
	filler TEXT COLLATE "C",
	filler_issuer TEXT COLLATE "C",
	accession TEXT COLLATE "C",
	accession_issuer TEXT COLLATE "C",
	status VARCHAR(16) NOT NULL,
	standing TEXT NOT NULL,
	changes TEXT NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_imaging_order PRIMARY KEY (id)
);

COMMENT ON COLUMN imaging_order.standing IS 'the order, as folded';

COMMENT ON COLUMN imaging_order.changes IS 'all that was said of it';

CREATE TABLE rejection_note (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	sop_instance_uid VARCHAR(64) NOT NULL,
	series_instance_uid VARCHAR(64) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	reason VARCHAR(16),
	why TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	undoes TEXT NOT NULL,
	CONSTRAINT pk_rejection_note PRIMARY KEY (id),
	CONSTRAINT uq_rejection_note_tenant_sop_instance_uid UNIQUE (tenant, sop_instance_uid)
);

COMMENT ON COLUMN rejection_note.tenant IS 'the owner of the study';

COMMENT ON COLUMN rejection_note.series_instance_uid IS 'of the note itself';

COMMENT ON COLUMN rejection_note.reason IS 'null: it takes rejections back';

COMMENT ON COLUMN rejection_note.at IS 'when the note was received';

COMMENT ON COLUMN rejection_note.undoes IS 'notes it takes back, between backslashes';

CREATE TABLE hidden_instance (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	sop_instance_uid VARCHAR(64) NOT NULL,
	hidden SMALLINT NOT NULL,
	reason VARCHAR(16),
	note VARCHAR(64) NOT NULL,
	held BOOLEAN NOT NULL,
	CONSTRAINT pk_hidden_instance PRIMARY KEY (tenant, study_instance_uid, sop_instance_uid)
);

COMMENT ON COLUMN hidden_instance.tenant IS 'the owner of the study';

COMMENT ON COLUMN hidden_instance.hidden IS 'archive.quality.model.Hidden';

COMMENT ON COLUMN hidden_instance.reason IS 'null: it is a note';

COMMENT ON COLUMN hidden_instance.note IS 'the one that decides';

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
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	state VARCHAR(8) NOT NULL,
	detail TEXT NOT NULL,
	settled_at TIMESTAMP WITH TIME ZONE,
	note VARCHAR(64) NOT NULL,
	gone VARCHAR(64) NOT NULL,
	CONSTRAINT pk_correction PRIMARY KEY (name)
);

COMMENT ON COLUMN correction.source IS 'Study Instance UID';

COMMENT ON COLUMN correction.target IS 'Study Instance UID of the copies';

COMMENT ON COLUMN correction.series IS 'Series Instance UIDs; empty: all';

COMMENT ON COLUMN correction.texts IS 'what the copies say, by tag';

COMMENT ON COLUMN correction.detail IS 'why it failed';

COMMENT ON COLUMN correction.note IS 'that rejects the originals';

COMMENT ON COLUMN correction.gone IS 'that rejects the copies, once undone';

CREATE TABLE exam_claim (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	fence INTEGER NOT NULL,
	login VARCHAR(64) NOT NULL,
	name TEXT NOT NULL,
	reader_tenant VARCHAR(48) NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_exam_claim PRIMARY KEY (tenant, study_instance_uid, fence)
);

CREATE TABLE exam_urgency (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	urgency SMALLINT NOT NULL,
	set_by VARCHAR(64) NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_exam_urgency PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE report (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	version INTEGER NOT NULL,
	author_login VARCHAR(64) NOT NULL,
	author_name TEXT NOT NULL,
	author_tenant VARCHAR(48) NOT NULL,
	saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	stale BOOLEAN NOT NULL,
	release_at TIMESTAMP WITH TIME ZONE,
	released_at TIMESTAMP WITH TIME ZONE,
	withdrawn_at TIMESTAMP WITH TIME ZONE,
	content BYTEA NOT NULL,
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
	signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	due TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	standing JSON NOT NULL,
	CONSTRAINT pk_reading_request PRIMARY KEY (id)
);

COMMENT ON COLUMN reading_request.grants IS 'its readers see its images';

CREATE TABLE reading_agreement (
	asking VARCHAR(48) NOT NULL,
	key VARCHAR(64) NOT NULL,
	agreement JSON NOT NULL,
	name TEXT NOT NULL,
	CONSTRAINT pk_reading_agreement PRIMARY KEY (asking, key)
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
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	content TEXT NOT NULL,
	generation INTEGER NOT NULL,
	code BYTEA,
	birth BYTEA,
	uses INTEGER NOT NULL,
	uses_allowed INTEGER,
	revoked_at TIMESTAMP WITH TIME ZONE,
	revoked_by TEXT NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE,
	acknowledged_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_result_link PRIMARY KEY (id)
);

CREATE TABLE portal_try (
	subject BYTEA NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	failures INTEGER NOT NULL,
	in_all INTEGER NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	released_at TIMESTAMP WITH TIME ZONE NOT NULL,
	patient_at TIMESTAMP WITH TIME ZONE,
	announced_at TIMESTAMP WITH TIME ZONE,
	announced_by TEXT NOT NULL,
	CONSTRAINT pk_result_release PRIMARY KEY (tenant, study_instance_uid)
);

CREATE TABLE questioned_access (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	link VARCHAR(16) NOT NULL,
	sequence BIGINT NOT NULL,
	words TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_questioned_access PRIMARY KEY (id)
);

CREATE TABLE correspondent (
	tenant VARCHAR(48) NOT NULL,
	key TEXT NOT NULL,
	name TEXT NOT NULL,
	mail TEXT NOT NULL,
	language TEXT NOT NULL,
	CONSTRAINT pk_correspondent PRIMARY KEY (tenant, key)
);

CREATE TABLE workitem (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	uid VARCHAR(64) NOT NULL,
	state VARCHAR(16) NOT NULL,
	transaction_uid VARCHAR(64),
	patient_id TEXT COLLATE "C" NOT NULL,
	start TEXT COLLATE "C" NOT NULL,
	modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
	content BYTEA NOT NULL,
	CONSTRAINT pk_workitem PRIMARY KEY (id),
	CONSTRAINT uq_workitem_tenant_uid UNIQUE (tenant, uid)
);

COMMENT ON COLUMN workitem.start IS 'scheduled, as it is written';

COMMENT ON COLUMN workitem.content IS 'DICOM JSON';

CREATE TABLE step_watch (
	tenant VARCHAR(48) NOT NULL,
	subscriber VARCHAR(16) NOT NULL,
	target VARCHAR(64) NOT NULL,
	lock BOOLEAN NOT NULL,
	keys JSON NOT NULL,
	CONSTRAINT pk_step_watch PRIMARY KEY (tenant, subscriber, target)
);

COMMENT ON COLUMN step_watch.target IS 'a well-known UID';

COMMENT ON COLUMN step_watch.keys IS 'pairs of path and key; none: every step';

CREATE TABLE step_report (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	subscriber VARCHAR(16) NOT NULL,
	content BYTEA NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_step_report PRIMARY KEY (id)
);

COMMENT ON COLUMN step_report.content IS 'DICOM JSON';

CREATE TABLE offered_study (
	manifest VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	revision INTEGER NOT NULL,
	content BYTEA NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	current BOOLEAN NOT NULL,
	CONSTRAINT pk_offered_study PRIMARY KEY (manifest)
);

COMMENT ON COLUMN offered_study.tenant IS 'the owner';

COMMENT ON COLUMN offered_study.current IS 'false: another one supersedes it';

CREATE TABLE offered_pack (
	root VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	pack_key TEXT NOT NULL,
	part INTEGER NOT NULL,
	size_bytes BIGINT NOT NULL,
	written_us BIGINT NOT NULL,
	entry BYTEA NOT NULL,
	leaves BYTEA NOT NULL,
	current BOOLEAN NOT NULL,
	CONSTRAINT pk_offered_pack PRIMARY KEY (root)
);

COMMENT ON COLUMN offered_pack.tenant IS 'the owner';

COMMENT ON COLUMN offered_pack.written_us IS 'as the pack''s head says';

COMMENT ON COLUMN offered_pack.entry IS 'as the manifest has it';

COMMENT ON COLUMN offered_pack.leaves IS 'digests of all chunks';

COMMENT ON COLUMN offered_pack.current IS 'named by the study''s current manifest';

CREATE TABLE transfer (
	id VARCHAR(32) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	from_node VARCHAR(64) NOT NULL,
	wanted_by VARCHAR(48) NOT NULL,
	of_class VARCHAR(16) NOT NULL,
	reason TEXT NOT NULL,
	state VARCHAR(16) NOT NULL,
	wanted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	first JSON NOT NULL,
	manifest VARCHAR(64),
	manifest_content BYTEA,
	size_bytes BIGINT NOT NULL,
	done_bytes BIGINT NOT NULL,
	low_whole BOOLEAN NOT NULL,
	detail TEXT NOT NULL,
	lease_holder VARCHAR(64),
	lease_until TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_transfer PRIMARY KEY (id)
);

COMMENT ON COLUMN transfer.tenant IS 'the owner';

COMMENT ON COLUMN transfer.wanted_by IS 'the organisation that will see it';

COMMENT ON COLUMN transfer.first IS 'series a reader asks for';

CREATE TABLE provenance (
	tenant VARCHAR(48) NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	manifest VARCHAR(64) NOT NULL,
	from_node VARCHAR(64) NOT NULL,
	transfer VARCHAR(32) NOT NULL,
	revision INTEGER NOT NULL,
	size_bytes BIGINT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_provenance PRIMARY KEY (tenant, study_instance_uid, manifest)
);

COMMENT ON COLUMN provenance.tenant IS 'the owner';

CREATE TABLE adopted_pack (
	root VARCHAR(64) NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	pack_key TEXT NOT NULL,
	part INTEGER NOT NULL,
	CONSTRAINT pk_adopted_pack PRIMARY KEY (root)
);

COMMENT ON COLUMN adopted_pack.tenant IS 'the owner';

CREATE TABLE link_window (
	node VARCHAR(64) NOT NULL,
	rate_bytes_per_s FLOAT NOT NULL,
	rtt_s FLOAT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	last_sign_in_at TIMESTAMP WITH TIME ZONE,
	preferences JSON NOT NULL,
	CONSTRAINT pk_account PRIMARY KEY (login),
	CONSTRAINT fk_account_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE name_token (
	whole BOOLEAN NOT NULL,
	token TEXT COLLATE "C" NOT NULL,
	name_id BIGINT NOT NULL,
	CONSTRAINT pk_name_token PRIMARY KEY (whole, token, name_id),
	CONSTRAINT fk_name_token_name_id_patient_name FOREIGN KEY(name_id) REFERENCES patient_name (id)
);

COMMENT ON COLUMN name_token.whole IS 'a component group, else one word of it';

CREATE TABLE study (
	id BIGSERIAL NOT NULL,
	tenant VARCHAR(48) COLLATE "C" NOT NULL,
	study_instance_uid VARCHAR(64) COLLATE "C" NOT NULL,
	person VARCHAR(64),
	patient_id TEXT COLLATE "C" NOT NULL,
	patient_issuer TEXT COLLATE "C" NOT NULL,
	name_id BIGINT NOT NULL,
	patient_birth_date TEXT COLLATE "C" NOT NULL,
	patient_sex TEXT COLLATE "C" NOT NULL,
	moment TEXT COLLATE "C" NOT NULL,
	study_time TEXT COLLATE "C" NOT NULL,
	accession_number TEXT COLLATE "C" NOT NULL,
	accession_issuer TEXT COLLATE "C" NOT NULL,
	study_id TEXT COLLATE "C" NOT NULL,
	description TEXT COLLATE "C" NOT NULL,
	referring_physician TEXT COLLATE "C" NOT NULL,
	modalities TEXT COLLATE "C" NOT NULL,
	said_urgency SMALLINT NOT NULL,
	series_count INTEGER NOT NULL,
	instance_count INTEGER NOT NULL,
	hidden_instances_from_people INTEGER NOT NULL,
	hidden_instances_from_all INTEGER NOT NULL,
	hidden_series_from_people INTEGER NOT NULL,
	hidden_series_from_all INTEGER NOT NULL,
	announced_count INTEGER NOT NULL,
	announced_at TIMESTAMP WITH TIME ZONE NOT NULL,
	received_first_at TIMESTAMP WITH TIME ZONE NOT NULL,
	received_last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	completed_at TIMESTAMP WITH TIME ZONE,
	attributes BYTEA NOT NULL,
	CONSTRAINT pk_study PRIMARY KEY (id),
	CONSTRAINT uq_study_tenant_study_instance_uid UNIQUE (tenant, study_instance_uid),
	CONSTRAINT fk_study_name_id_patient_name FOREIGN KEY(name_id) REFERENCES patient_name (id)
);

COMMENT ON COLUMN study.tenant IS 'the owner';

COMMENT ON COLUMN study.moment IS 'study date and time, 20 digits, or empty';

COMMENT ON COLUMN study.study_time IS 'as matching.normalise_time has it';

COMMENT ON COLUMN study.referring_physician IS 'normalised';

COMMENT ON COLUMN study.modalities IS '\CT\SR\ : between backslashes';

COMMENT ON COLUMN study.said_urgency IS 'what (0040,1003) says, as a rank';

CREATE TABLE webhook_delivery (
	webhook VARCHAR(16) NOT NULL,
	number INTEGER NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	changes INTEGER NOT NULL,
	status INTEGER NOT NULL,
	duration_ms INTEGER NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_webhook_delivery PRIMARY KEY (webhook, number),
	CONSTRAINT fk_webhook_delivery_webhook_webhook FOREIGN KEY(webhook) REFERENCES webhook (id) ON DELETE CASCADE
);

CREATE TABLE appearance (
	id BIGSERIAL NOT NULL,
	source_id BIGINT NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	name TEXT COLLATE "C" NOT NULL,
	birth_date TEXT COLLATE "C" NOT NULL,
	sex TEXT COLLATE "C" NOT NULL,
	folded_birth_date TEXT COLLATE "C" NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_appearance PRIMARY KEY (id),
	CONSTRAINT uq_appearance_source_id_tenant_name_birth_date_sex UNIQUE (source_id, tenant, name, birth_date, sex),
	CONSTRAINT fk_appearance_source_id_source_patient FOREIGN KEY(source_id) REFERENCES source_patient (id)
);

CREATE TABLE source_link (
	id BIGSERIAL NOT NULL,
	one_id BIGINT NOT NULL,
	other_id BIGINT NOT NULL,
	by TEXT NOT NULL,
	basis TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	undone_by TEXT,
	undone_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_source_link PRIMARY KEY (id),
	CONSTRAINT fk_source_link_one_id_source_patient FOREIGN KEY(one_id) REFERENCES source_patient (id),
	CONSTRAINT fk_source_link_other_id_source_patient FOREIGN KEY(other_id) REFERENCES source_patient (id)
);

CREATE TABLE disposal_item (
	disposal_id BIGINT NOT NULL,
	study_instance_uid VARCHAR(64) NOT NULL,
	rule VARCHAR(64) NOT NULL,
	keep_until VARCHAR(8) NOT NULL,
	size_bytes BIGINT NOT NULL,
	instance_count INTEGER NOT NULL,
	outcome VARCHAR(8),
	detail TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_disposal_item PRIMARY KEY (disposal_id, study_instance_uid),
	CONSTRAINT fk_disposal_item_disposal_id_disposal FOREIGN KEY(disposal_id) REFERENCES disposal (id)
);

COMMENT ON COLUMN disposal_item.keep_until IS 'YYYYMMDD';

COMMENT ON COLUMN disposal_item.outcome IS 'binned, gone or kept';

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

COMMENT ON COLUMN hl7_site.application IS 'MSH-3; empty: any';

COMMENT ON COLUMN hl7_site.facility IS 'MSH-4; empty: any';

COMMENT ON COLUMN hl7_site.host IS 'network address; empty: any';

CREATE TABLE scheduled_step (
	order_id VARCHAR(32) NOT NULL,
	number INTEGER NOT NULL,
	tenant VARCHAR(48) NOT NULL,
	date VARCHAR(8) NOT NULL,
	time VARCHAR(16) NOT NULL,
	modality VARCHAR(16) NOT NULL,
	patient TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_scheduled_step PRIMARY KEY (order_id, number),
	CONSTRAINT fk_scheduled_step_order_id_imaging_order FOREIGN KEY(order_id) REFERENCES imaging_order (id) ON DELETE CASCADE
);

COMMENT ON COLUMN scheduled_step.patient IS 'identifier that goes on images';

CREATE TABLE rejection_note_instance (
	note_id BIGINT NOT NULL,
	sop_instance_uid VARCHAR(64) NOT NULL,
	series_instance_uid VARCHAR(64) NOT NULL,
	CONSTRAINT pk_rejection_note_instance PRIMARY KEY (note_id, sop_instance_uid),
	CONSTRAINT fk_rejection_note_instance_note_id_rejection_note FOREIGN KEY(note_id) REFERENCES rejection_note (id)
);

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

COMMENT ON COLUMN reading_request_exam.tenant IS 'the owner of the exam';

CREATE TABLE portal_challenge (
	key BYTEA NOT NULL,
	link VARCHAR(16) NOT NULL,
	generation INTEGER NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	tries INTEGER NOT NULL,
	CONSTRAINT pk_portal_challenge PRIMARY KEY (key),
	CONSTRAINT fk_portal_challenge_link_result_link FOREIGN KEY(link) REFERENCES result_link (id)
);

CREATE TABLE portal_session (
	digest BYTEA NOT NULL,
	id TEXT NOT NULL,
	link VARCHAR(16) NOT NULL,
	generation INTEGER NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
	challenge BYTEA,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	begun_at TIMESTAMP WITH TIME ZONE,
	sent_at TIMESTAMP WITH TIME ZONE,
	tries INTEGER NOT NULL,
	CONSTRAINT pk_outgoing_mail PRIMARY KEY (id),
	CONSTRAINT uq_outgoing_mail_once UNIQUE (once),
	CONSTRAINT fk_outgoing_mail_link_result_link FOREIGN KEY(link) REFERENCES result_link (id)
);

CREATE TABLE step_subscription (
	workitem_id BIGINT NOT NULL,
	subscriber VARCHAR(16) NOT NULL,
	lock BOOLEAN NOT NULL,
	CONSTRAINT pk_step_subscription PRIMARY KEY (workitem_id, subscriber),
	CONSTRAINT fk_step_subscription_workitem_id_workitem FOREIGN KEY(workitem_id) REFERENCES workitem (id)
);

CREATE TABLE browser_session (
	digest BYTEA NOT NULL,
	id TEXT NOT NULL,
	login TEXT NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	address TEXT NOT NULL,
	agent TEXT NOT NULL,
	CONSTRAINT pk_browser_session PRIMARY KEY (digest),
	CONSTRAINT uq_browser_session_id UNIQUE (id),
	CONSTRAINT fk_browser_session_login_account FOREIGN KEY(login) REFERENCES account (login)
);

CREATE TABLE machine_token (
	digest BYTEA NOT NULL,
	id TEXT NOT NULL,
	label TEXT NOT NULL,
	login TEXT NOT NULL,
	scopes JSON NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_used_at TIMESTAMP WITH TIME ZONE,
	revoked BOOLEAN NOT NULL,
	CONSTRAINT pk_machine_token PRIMARY KEY (digest),
	CONSTRAINT uq_machine_token_id UNIQUE (id),
	CONSTRAINT fk_machine_token_login_account FOREIGN KEY(login) REFERENCES account (login)
);

CREATE TABLE invitation (
	digest BYTEA NOT NULL,
	login TEXT,
	tenant TEXT NOT NULL,
	role TEXT NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_invitation PRIMARY KEY (digest),
	CONSTRAINT uq_invitation_login UNIQUE (login),
	CONSTRAINT fk_invitation_login_account FOREIGN KEY(login) REFERENCES account (login),
	CONSTRAINT fk_invitation_tenant_organisation FOREIGN KEY(tenant) REFERENCES organisation (tenant)
);

CREATE TABLE study_organisation (
	study_id BIGINT NOT NULL,
	tenant VARCHAR(48) COLLATE "C" NOT NULL,
	role VARCHAR(8) NOT NULL,
	moment TEXT COLLATE "C" NOT NULL,
	modalities TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_study_organisation PRIMARY KEY (study_id, tenant),
	CONSTRAINT fk_study_organisation_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

COMMENT ON COLUMN study_organisation.role IS 'owner or shared';

COMMENT ON COLUMN study_organisation.moment IS 'copy of study.moment, for the worklist';

COMMENT ON COLUMN study_organisation.modalities IS 'copy of study.modalities, likewise';

CREATE TABLE study_conflict (
	study_id BIGINT NOT NULL,
	tag INTEGER NOT NULL,
	offered TEXT NOT NULL,
	held TEXT NOT NULL,
	source TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	kept VARCHAR(8),
	settled_by VARCHAR(64),
	settled_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_study_conflict PRIMARY KEY (study_id, tag, offered),
	CONSTRAINT fk_study_conflict_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

COMMENT ON COLUMN study_conflict.source IS 'empty: noted when a decision was taken';

COMMENT ON COLUMN study_conflict.kept IS 'held or offered, once somebody decided';

CREATE TABLE reception (
	study_id BIGINT NOT NULL,
	association TEXT COLLATE "C" NOT NULL,
	source TEXT NOT NULL,
	peer TEXT NOT NULL,
	door TEXT NOT NULL,
	instance_count INTEGER NOT NULL,
	duplicate_count INTEGER NOT NULL,
	quarantined_count INTEGER NOT NULL,
	first_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_reception PRIMARY KEY (study_id, association),
	CONSTRAINT fk_reception_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

CREATE TABLE series (
	id BIGSERIAL NOT NULL,
	study_id BIGINT NOT NULL,
	tenant VARCHAR(48) COLLATE "C" NOT NULL,
	series_instance_uid VARCHAR(64) COLLATE "C" NOT NULL,
	modality TEXT COLLATE "C" NOT NULL,
	number BIGINT,
	sop_classes TEXT NOT NULL,
	instance_count INTEGER NOT NULL,
	hidden_instances_from_people INTEGER NOT NULL,
	hidden_instances_from_all INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	sealed BOOLEAN NOT NULL,
	received_first_at TIMESTAMP WITH TIME ZONE NOT NULL,
	received_last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	pack_key TEXT,
	pack_bytes BIGINT,
	pack_index BYTEA,
	attributes BYTEA NOT NULL,
	CONSTRAINT pk_series PRIMARY KEY (id),
	CONSTRAINT uq_series_study_id_series_instance_uid UNIQUE (study_id, series_instance_uid),
	CONSTRAINT fk_series_study_id_study FOREIGN KEY(study_id) REFERENCES study (id)
);

COMMENT ON COLUMN series.tenant IS 'the owner';

COMMENT ON COLUMN series.number IS '(0020,0011) where it is a number';

COMMENT ON COLUMN series.pack_key IS 'of the last pack published; later instances may be open';

COMMENT ON COLUMN series.pack_index IS 'what the pack holds, see stores.packs.index';

CREATE TABLE appearance_word (
	word TEXT COLLATE "C" NOT NULL,
	appearance_id BIGINT NOT NULL,
	CONSTRAINT pk_appearance_word PRIMARY KEY (word, appearance_id),
	CONSTRAINT fk_appearance_word_appearance_id_appearance FOREIGN KEY(appearance_id) REFERENCES appearance (id)
);

CREATE TABLE instance (
	sop_instance_uid VARCHAR(64) COLLATE "C" NOT NULL,
	tenant VARCHAR(48) COLLATE "C" NOT NULL,
	series_id BIGINT NOT NULL,
	sop_class VARCHAR(64) COLLATE "C" NOT NULL,
	transfer_syntax VARCHAR(64) COLLATE "C" NOT NULL,
	size_bytes BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	number BIGINT,
	frames INTEGER NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	source TEXT NOT NULL,
	segment BIGINT NOT NULL,
	"offset" BIGINT NOT NULL,
	attributes BYTEA NOT NULL,
	CONSTRAINT pk_instance PRIMARY KEY (sop_instance_uid, tenant),
	CONSTRAINT fk_instance_series_id_series FOREIGN KEY(series_id) REFERENCES series (id)
);

CREATE TABLE sealed_instance (
	uid_hash BIGINT NOT NULL,
	series_id BIGINT NOT NULL,
	CONSTRAINT pk_sealed_instance PRIMARY KEY (uid_hash, series_id),
	CONSTRAINT fk_sealed_instance_series_id_series FOREIGN KEY(series_id) REFERENCES series (id)
);

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

CREATE INDEX ix_study_fresh ON study (received_first_at);

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
