-- Metadata apart from contents, so that lists and retention touch only what they need. Ids sort by time.

CREATE TABLE application (
    org {text} NOT NULL,
    app {text} NOT NULL,
    PRIMARY KEY (org, app)
){clustered};

CREATE TABLE message (
    id {text} NOT NULL PRIMARY KEY,
    app {text} NOT NULL,
    event_type {text} NOT NULL,
    event_id {text},
    event {text} NOT NULL
);
CREATE INDEX message_by_app ON message (app, id);
CREATE INDEX message_by_type ON message (app, event_type, id);
CREATE INDEX message_by_event_id ON message (app, event_id, id) WHERE event_id IS NOT NULL;

CREATE TABLE message_label (
    app {text} NOT NULL,
    kind {int} NOT NULL,
    label {text} NOT NULL,
    message {text} NOT NULL,
    PRIMARY KEY (app, kind, label, message)
){clustered};

CREATE TABLE payload (
    message {text} NOT NULL PRIMARY KEY,
    expires_at {int} NOT NULL,
    body {bytes} NOT NULL
);
CREATE INDEX payload_by_expiry ON payload (expires_at);

CREATE TABLE attempt (
    id {text} NOT NULL PRIMARY KEY,
    app {text} NOT NULL,
    message {text} NOT NULL,
    endpoint {text} NOT NULL,
    event_type {text} NOT NULL,
    outcome {int} NOT NULL,
    class {int} NOT NULL,
    expunged {int} NOT NULL,
    attempt {text} NOT NULL
);
CREATE INDEX attempt_by_message ON attempt (message, id);
CREATE INDEX attempt_by_outcome ON attempt (endpoint, outcome, id);
CREATE INDEX attempt_by_class ON attempt (endpoint, class, id);
CREATE INDEX attempt_by_type ON attempt (endpoint, event_type, id);

CREATE TABLE attempt_label (
    endpoint {text} NOT NULL,
    kind {int} NOT NULL,
    label {text} NOT NULL,
    attempt {text} NOT NULL,
    PRIMARY KEY (endpoint, kind, label, attempt)
){clustered};

CREATE TABLE response (
    attempt {text} NOT NULL PRIMARY KEY,
    body {bytes} NOT NULL
);

CREATE TABLE delivery (
    endpoint {text} NOT NULL,
    message {text} NOT NULL,
    app {text} NOT NULL,
    status {int} NOT NULL,
    class {int} NOT NULL,
    last_attempt {text} NOT NULL,
    number {int} NOT NULL,
    last_status {int},
    next_attempt {int},
    lane {text},
    at {int} NOT NULL,
    PRIMARY KEY (endpoint, message)
){clustered};
CREATE INDEX delivery_by_message ON delivery (message, endpoint);
CREATE INDEX delivery_by_status ON delivery (endpoint, status, message);

CREATE TABLE dead_letter (
    id {text} NOT NULL PRIMARY KEY,
    seq {int} NOT NULL,
    org {text},
    app {text} NOT NULL,
    endpoint {text} NOT NULL,
    message {text} NOT NULL,
    event_type {text},
    reason {text} NOT NULL,
    url {text},
    attempts {int} NOT NULL,
    run_start {text} NOT NULL,
    last_status {int},
    died_at {int} NOT NULL,
    state {int} NOT NULL
);
CREATE INDEX dead_letter_by_org ON dead_letter (org, id);
CREATE INDEX dead_letter_by_app ON dead_letter (app, id);
CREATE INDEX dead_letter_by_endpoint ON dead_letter (endpoint, id);
CREATE INDEX dead_letter_by_type ON dead_letter (org, event_type, id);
CREATE INDEX dead_letter_by_reason ON dead_letter (org, reason, id);
CREATE INDEX dead_letter_by_state ON dead_letter (org, state, id);
