"""What the mails say, in the languages of the screens. No word tells about whom or what."""

from collections.abc import Mapping

MAILS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "result": {
            "subject": "Un résultat d'imagerie vous attend",
            "text": (
                "Bonjour,\n\n"
                "Un résultat d'imagerie que vous avez demandé est disponible :\n\n"
                "{address}\n\n"
                "Un code à usage unique vous sera envoyé à cette adresse à l'ouverture.\n"
                "Ce lien vous est personnel : ne le transférez pas.\n"
            ),
        },
        "ready": {
            "subject": "Votre résultat d'imagerie est disponible",
            "text": (
                "Bonjour,\n\n"
                "Votre résultat d'imagerie est disponible. Munissez-vous du code d'accès qui "
                "vous a été remis :\n\n"
                "{address}\n"
            ),
        },
        "code": {
            "subject": "Votre code à usage unique",
            "text": (
                "Bonjour,\n\n"
                "Votre code à usage unique : {code}\n\n"
                "Il est valable 10 minutes. Si vous n'avez rien demandé, ignorez ce message et "
                "ne communiquez ce code à personne.\n"
            ),
        },
    },
    "en": {
        "result": {
            "subject": "An imaging result is waiting for you",
            "text": (
                "Hello,\n\n"
                "An imaging result that you asked for is available:\n\n"
                "{address}\n\n"
                "A one-time code will be sent to this address when you open it.\n"
                "This link is yours alone: do not forward it.\n"
            ),
        },
        "ready": {
            "subject": "Your imaging result is available",
            "text": (
                "Hello,\n\n"
                "Your imaging result is available. Have at hand the access code that you were "
                "given:\n\n"
                "{address}\n"
            ),
        },
        "code": {
            "subject": "Your one-time code",
            "text": (
                "Hello,\n\n"
                "Your one-time code: {code}\n\n"
                "It is valid for 10 minutes. If you asked for nothing, ignore this message and "
                "tell this code to nobody.\n"
            ),
        },
    },
    "es": {
        "result": {
            "subject": "Le espera un resultado de imagen",
            "text": (
                "Buenos días:\n\n"
                "Un resultado de imagen que usted solicitó está disponible:\n\n"
                "{address}\n\n"
                "Al abrirlo se enviará un código de un solo uso a esta dirección.\n"
                "Este enlace es personal: no lo reenvíe.\n"
            ),
        },
        "ready": {
            "subject": "Su resultado de imagen está disponible",
            "text": (
                "Buenos días:\n\n"
                "Su resultado de imagen está disponible. Tenga a mano el código de acceso que "
                "se le entregó:\n\n"
                "{address}\n"
            ),
        },
        "code": {
            "subject": "Su código de un solo uso",
            "text": (
                "Buenos días:\n\n"
                "Su código de un solo uso: {code}\n\n"
                "Es válido durante 10 minutos. Si no ha solicitado nada, ignore este mensaje y "
                "no comunique este código a nadie.\n"
            ),
        },
    },
}
