/** What makes one person: identifiers, links between them with their reasons, and who is alike. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconCheck, IconId, IconPlus } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import css from "./identity.module.css";
import { LinkDialog } from "./LinkDialog";
import { identityQuery, nameKey, type PersonIdentity, type SourceLink, useLink, useUnlink } from "./queries";
import { Differs, Named } from "./SeenAs";

interface PersonLinksProps {
  person: string;
  /** Its exams are another person's now. */
  moved: (person: string) => void;
}

export function PersonLinks({ person, moved }: PersonLinksProps) {
  const { t } = useTranslation();
  const query = useQuery(identityQuery(person));
  return (
    <section className="panel" aria-label={t("identity.panel")}>
      <header>
        <IconId size={16} aria-hidden />
        <h2>{t("identity.panel")}</h2>
      </header>
      <Answer query={query} trouble={troubleOf} columns={[2, 1]} rows={3}>
        {(identity) => <Made identity={identity} moved={moved} />}
      </Answer>
    </section>
  );
}

function Made({ identity, moved }: { identity: PersonIdentity; moved: (person: string) => void }) {
  const { t } = useTranslation();
  const [linking, setLinking] = useState<{ other?: string } | null>(null);
  return (
    <div className={css.made}>
      <ul className={css.sources}>
        {identity.sources.map((one) => (
          <li key={nameKey(one.source)}>
            <Named source={one.source} /> <Differs traits={one.differs} />
            <br />
            <small className="t2">
              {[...new Set(one.seen.map((seen) => `${seen.family_name} ${seen.given_name}`.trim()))].join(
                " · ",
              )}
            </small>
          </li>
        ))}
      </ul>
      {identity.links.map((link) => (
        <Joined key={`${nameKey(link.one)} ${nameKey(link.other)}`} link={link} moved={moved} />
      ))}
      {identity.alike.length > 0 && (
        <>
          <h3>{t("identity.alike")}</h3>
          <ul className={css.sources}>
            {identity.alike.map((one) => (
              <li key={one.person} className={css.alike}>
                <span>
                  <b>
                    {one.sources[0]?.seen.at(-1)?.family_name} {one.sources[0]?.seen.at(-1)?.given_name}
                  </b>{" "}
                  {one.sources[0] && <Named source={one.sources[0].source} />}
                  <br />
                  {one.agrees.map((trait) => (
                    <Tag key={trait} tone="neutral" icon={IconCheck}>
                      {t(`identity.agrees_on.${trait}`)}
                    </Tag>
                  ))}
                </span>
                <button type="button" className="btn small" onClick={() => setLinking({ other: one.person })}>
                  {t("identity.compare")}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <button type="button" className="btn small" onClick={() => setLinking({})}>
        <IconPlus size={14} aria-hidden /> {t("identity.link_with")}
      </button>
      {linking && (
        <LinkDialog
          person={identity.person}
          {...(linking.other ? { other: linking.other } : {})}
          close={() => setLinking(null)}
          linked={moved}
        />
      )}
    </div>
  );
}

function Joined({ link, moved }: { link: SourceLink; moved: (person: string) => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const unlink = useUnlink();
  const join = useLink();
  const ends = { one: link.one, other: link.other };
  const again = () =>
    void join.mutateAsync({ ...ends, basis: link.basis }).then(
      (said) => moved(said.person),
      (error: unknown) => say(troubleOf(error)),
    );
  return (
    <div className={css.joined}>
      <span>
        <Named source={link.one} /> = <Named source={link.other} />
        <br />
        <small className="t2">
          {link.basis} · {link.by} · {dayAndClock(link.at)}
        </small>
      </span>
      <button
        type="button"
        className="btn small ghost"
        disabled={unlink.isPending}
        onClick={() =>
          unlink.mutate(ends, {
            onSuccess: (said) => {
              done(t("identity.unlinked"), { label: t("common.undo"), run: again });
              moved(said.person);
            },
            onError: (error) => say(troubleOf(error)),
          })
        }
      >
        {t("identity.unlink")}
      </button>
    </div>
  );
}
