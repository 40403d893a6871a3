// SPDX-License-Identifier: AGPL-3.0-or-later
// The health of the system: what an administrator should look after.
import type { Schema } from "../../api/types";
import { post } from "../../api/client";
import { bytes, date, number } from "../../core/format";
import { t } from "../../gen/i18n/admin";
import { language } from "../../i18n";
import { Button } from "../../ui/Button";
import { Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { Notice, Tag } from "../../ui/Verdict";
import { Loading, useData, words } from "./parts";

type Condition = Schema<"Health">;

type Check = Condition["checks"][number];

type Job = Schema<"Job">;

const KINDS: Record<string, () => string> = {
	ingest: t.job_ingest,
	render: t.job_render,
	scan: t.job_scan,
};

/** What is looked at, what to say when it is well, and what to do when it is not. */
const CHECKS: Record<string, [name: () => string, good: () => string, bad: () => string]> = {
	mail: [t.hc_mail, t.hc_mail_good, t.hc_mail_bad],
	"mail-tls": [t.hc_tls, t.hc_tls_good, t.hc_tls_bad],
	certificate: [t.hc_certificate, t.hc_certificate_good, t.hc_certificate_bad],
	malware: [t.hc_malware, t.hc_malware_good, t.hc_malware_bad],
	jobs: [t.hc_jobs, t.hc_jobs_good, t.hc_jobs_bad],
	disk: [t.hc_disk, t.hc_disk_good, t.hc_disk_bad],
	sandbox: [t.hc_sandbox, t.hc_sandbox_good, t.hc_sandbox_bad],
};

function Told({ c }: { c: Check }) {
	const words = CHECKS[c.code];
	if (words === undefined) return <span lang="en">{c.detail}</span>;
	if (c.ok) return <>{words[1]()}</>;
	// the server's own sentence has the numbers
	return (
		<>
			{words[2]()}{" "}
			<span class="muted s" lang="en">
				{c.detail}
			</span>
		</>
	);
}

/** Work that was given up; whoever mended its cause starts it again. */
function Jobs(p: { onChange: () => void }) {
	const { data, error, load } = useData<Job[]>("/jobs");
	const again = (j: Job) => {
		post(`/jobs/${j.id}/again`)
			.then(() => {
				toast(t.job_started());
				p.onChange();
				return load();
			})
			.catch((e: unknown) => toast(words(e), { error: true }));
	};
	if (data === null) return <Loading error={error} again={() => void load()} />;
	if (data.length === 0) return null;
	return (
		<section class="stack">
			<h3>{t.jobs_dead()}</h3>
			<p class="muted">{t.jobs_dead_text()}</p>
			<Table
				caption={t.jobs_dead()}
				rows={data}
				keyOf={(j) => j.id}
				columns={[
					{ key: "name", label: t.job_file(), cell: (j) => <b>{j.name || "–"}</b> },
					{ key: "kind", label: t.job_kind(), cell: (j) => KINDS[j.kind]?.() ?? j.kind },
					{ key: "error", label: t.job_error(), cell: (j) => <span lang="en">{j.error}</span> },
					{ key: "created", label: t.job_created(), cell: (j) => date(j.created, language.value) },
					{
						key: "again",
						label: t.actions(),
						hideLabel: true,
						number: true,
						cell: (j) => (
							<Button label={`${t.job_again()}: ${j.name}`} onClick={() => again(j)}>
								{t.job_again()}
							</Button>
						),
					},
				]}
			/>
		</section>
	);
}

export function Health() {
	const { data, error, load } = useData<Condition>("/health");
	if (data === null) return <Loading error={error} again={() => void load()} />;
	const n = (x: number) => number(x, language.value);
	const b = (x: number) => bytes(x, language.value);
	return (
		<section class="stack">
			<h2>{t.health()}</h2>
			<Notice tone={data.ok ? "ok" : "warn"} title={data.ok ? t.health_ok() : t.health_bad()} />
			<div class="sheetbox">
				<dl class="facts admin-health">
					<dt>{t.health_roles()}</dt>
					<dd>{[...new Set(data.roles.map((r) => r.role))].join(", ")}</dd>
					<dt>{t.health_queue()}</dt>
					<dd class="num">
						{n(data.queue.jobs)} {t.health_jobs()}, {n(data.queue.dead)} {t.health_dead()},{" "}
						{n(data.queue.mails)} {t.health_mails()}
					</dd>
					<dt>{t.health_disk()}</dt>
					<dd class="num">
						{t.health_free({ free: b(data.disk.free), total: b(data.disk.total) })}
					</dd>
					<dt>{t.health_sandbox()}</dt>
					<dd>{data.sandbox}</dd>
				</dl>
			</div>
			<h3>{t.health_checks()}</h3>
			<Table
				caption={t.health_checks()}
				rows={data.checks}
				keyOf={(c) => c.code}
				columns={[
					{
						key: "code",
						label: t.health_checks(),
						cell: (c) => CHECKS[c.code]?.[0]() ?? <span class="mono">{c.code}</span>,
					},
					{
						key: "ok",
						label: t.state(),
						cell: (c) => (
							<Tag tone={c.ok ? "ok" : "warn"}>{c.ok ? t.check_ok() : t.check_bad()}</Tag>
						),
					},
					{ key: "detail", label: t.health_told(), cell: (c) => <Told c={c} /> },
				]}
			/>
			{data.queue.dead > 0 && <Jobs onChange={() => void load()} />}
		</section>
	);
}
