/** Ctrl K: go, do, find. It lists what the keys do, so that the key of an action is learned while using it. */
import { Spotlight, type SpotlightActionGroupData, spotlight } from "@mantine/spotlight";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, body } from "@/api/client";
import { may, type Session } from "@/api/session";
import { useTranslation } from "@/i18n";
import { date } from "@/i18n/format";
import { IconSearch, IconUser } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { useBindings } from "@/kit/useKeys";

const SHORTEST_SEARCH = 2;

export function Palette({ session, asked: times }: { session: Session; asked: number }) {
  // Each time it is asked for is one opening, the first included.
  useEffect(() => {
    if (times > 0) spotlight.open();
  }, [times]);
  const { t } = useTranslation();
  const navigate = useNavigate();
  const bindings = useBindings();
  const [asked, setAsked] = useState("");
  const q = asked.trim();
  const finds = may(session, "search-patients") && q.length >= SHORTEST_SEARCH;
  const { data: found } = useQuery({
    queryKey: ["persons", q],
    queryFn: ({ signal }) => body(api.GET("/api/persons", { params: { query: { q, limit: 5 } }, signal })),
    enabled: finds,
  });
  const acts = bindings.filter((binding) => !binding.quiet);
  const action = (binding: (typeof acts)[number]) => ({
    id: binding.id,
    label: binding.label,
    onClick: () => binding.run(),
    rightSection: <Kbd stroke={binding.strokes[0] ?? ""} />,
  });
  const groups: SpotlightActionGroupData[] = [
    { group: t("palette.do"), actions: acts.filter((binding) => !binding.global).map(action) },
    { group: t("palette.go"), actions: acts.filter((binding) => binding.global).map(action) },
  ];
  if (finds) {
    groups.unshift({
      group: t("palette.found"),
      actions: [
        ...(found?.persons ?? []).map(({ person, banner }) => ({
          id: `person ${person}`,
          label: `${banner.family_name} ${banner.given_name}`,
          description: [date(banner.birth_date), banner.identifier].filter(Boolean).join(" · "),
          keywords: q,
          leftSection: <IconUser size={18} aria-hidden />,
          onClick: () => void navigate({ to: "/patients/$person", params: { person } }),
        })),
        {
          id: "find",
          label: t("palette.find", { q }),
          keywords: q,
          leftSection: <IconSearch size={18} aria-hidden />,
          onClick: () => void navigate({ to: "/patients", state: { asked: q } }),
        },
      ],
    });
  }
  return (
    <Spotlight
      actions={groups.filter((group) => group.actions.length > 0)}
      query={asked}
      onQueryChange={setAsked}
      shortcut={null}
      nothingFound={t("palette.nothing")}
      highlightQuery={false}
      scrollable
      maxHeight={460}
      searchProps={{
        placeholder: t("palette.placeholder"),
        "aria-label": t("palette.placeholder"),
        leftSection: <IconSearch size={18} aria-hidden />,
      }}
    />
  );
}
