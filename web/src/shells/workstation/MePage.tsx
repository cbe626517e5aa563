/** Where a role starts that this node has no screen for yet: who one is, and what one may do. */
import { useSession } from "@/api/session";
import { useTranslation } from "@/i18n";
import { IconUser } from "@/kit/icons";
import { Block } from "@/kit/States";
import { roleWord } from "./TopBar";

export function MePage() {
  const { t } = useTranslation();
  const session = useSession();
  return (
    <div className="page">
      <Block icon={IconUser} title={session.person.name}>
        <p>
          {roleWord(session.role, t)} · {session.organisation.name}
        </p>
        <p>{t("me.nothing_yet")}</p>
      </Block>
    </div>
  );
}
