"""What each phase means, in the words of who reads: the family, the school, the office (domain.md section 5)."""

from attendance.rules.verdict import Phase

#: Completes "da lunedì 7 dicembre ...".
FROM_THEN = {
    Phase.SCHOOL: "le assenze le segna la scuola all'appello; il tuo avviso conta lo stesso",
    Phase.BOTH: (
        "le assenze le segnate voi genitori; se un giorno te ne dimentichi vale ancora l'appello della scuola"
    ),
    Phase.PARENTS: (
        "contano solo le vostre disdette: senza una disdetta in tempo il pasto resta addebitato, "
        "anche se il bambino non c'è"
    ),
}
FAMILY = {
    Phase.SCHOOL: "In questa scuola le assenze le segna la scuola all'appello: se avvisi tu, il tuo avviso conta lo stesso.",
    Phase.BOTH: (
        "In questa scuola le assenze le segnate voi genitori; se un giorno te ne dimentichi, vale anche l'appello della scuola."
    ),
    Phase.PARENTS: (
        "In questa scuola contano solo le vostre disdette: senza una disdetta in tempo il pasto resta addebitato, "
        "anche se il bambino non c'è."
    ),
}
SCHOOL = {
    Phase.SCHOOL: "Le assenze le segnate voi: chi non è segnato assente all'appello mangia.",
    Phase.BOTH: "Le famiglie avvisano, voi confermate all'appello chi c'è davvero.",
    Phase.PARENTS: (
        "Contano le disdette delle famiglie: l'appello non è obbligatorio. "
        "Se segni un assente, la cucina lo sa e la segnalazione resta agli atti."
    ),
}
#: Completes "dal 7 dicembre ..." for the school.
SCHOOL_FROM_THEN = {
    Phase.SCHOOL: "le assenze le segna la scuola all'appello",
    Phase.BOTH: "le assenze le segnano le famiglie e la scuola all'appello",
    Phase.PARENTS: "le assenze le segnano solo le famiglie e l'appello non è più obbligatorio",
}
