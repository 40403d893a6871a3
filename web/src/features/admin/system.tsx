// SPDX-License-Identifier: AGPL-3.0-or-later
// The health of the system: what an administrator should look after.
import { bytes, number } from "../../core/format";
import { t } from "../../gen/i18n/admin";
import { language } from "../../i18n";
import { Table } from "../../ui/Table";
import { Notice, Tag } from "../../ui/Verdict";
import { Loading, useData } from "./parts";

interface Condition {
	ok: boolean;
	checks: { code: string; ok: boolean; detail: string }[];
	roles: ({ role: string; pid?: number } | string)[];
	queue: { jobs: number; dead: number; mails: number };
	disk: { free: number; total: number };
	sandbox: string;
}

const roleWord = (r: Condition["roles"][number]) => (typeof r === "string" ? r : r.role);

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
					<dd>{[...new Set(data.roles.map(roleWord))].join(", ")}</dd>
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
						cell: (c) => <span class="mono">{c.code}</span>,
					},
					{
						key: "ok",
						label: t.state(),
						cell: (c) => (
							<Tag tone={c.ok ? "ok" : "warn"}>{c.ok ? t.check_ok() : t.check_bad()}</Tag>
						),
					},
					{ key: "detail", label: t.value(), cell: (c) => <span lang="en">{c.detail}</span> },
				]}
			/>
		</section>
	);
}
