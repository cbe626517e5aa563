/** A page that is coming, could not be shown, or does not exist: what to do instead. */
import { Link } from "@tanstack/react-router";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { Failure, Loading, type Trouble } from "@/kit/States";
import { Dress } from "./Dress";

function Alone({ trouble, retry }: { trouble: Trouble; retry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Dress page="other" preferred="reading">
      <main style={{ minHeight: "100dvh", display: "grid" }}>
        <Failure
          trouble={trouble}
          retry={retry}
          home={
            <Link to="/" className="btn">
              {t("state.back_to_list")}
            </Link>
          }
        />
      </main>
    </Dress>
  );
}

export function PageFailure({ error, reset }: { error: unknown; reset?: () => void }) {
  return <Alone trouble={troubleOf(error)} {...(reset ? { retry: reset } : {})} />;
}

/** While the page itself is on its way. */
export function PageComing() {
  return <Loading columns={[2, 3, 1]} rows={7} />;
}

export function NotFound() {
  return <Alone trouble={{ kind: "missing", reference: null, detail: "" }} />;
}
